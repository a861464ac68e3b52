// Operators that communicate: types among several ranks, misuse, and the order in which programs
// communicate.

#include <gtest/gtest.h>

#include <functional>

#include "ir/builder.h"
#include "ir/op_info.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "unit/error_of.h"

namespace gnomon::ir {
namespace {

const Type matrix{DType::f32, {64, 10}};

std::string results(const Op& op, const Type& data) {
  std::string text;
  for (const auto& type : infer(op, std::vector{data, token_type()}))
    text += (text.empty() ? "" : ", ") + to_string(type);
  return text;
}

TEST(Communication, TypesAmongFourRanks) {
  EXPECT_EQ(results(AllReduce{"data", 4}, matrix), "f32[64, 10], token[]");
  EXPECT_EQ(results(AllGather{"data", 4, 0}, matrix), "f32[256, 10], token[]");
  EXPECT_EQ(results(AllGather{"data", 4, 1}, matrix), "f32[64, 40], token[]");
  EXPECT_EQ(results(ReduceScatter{"data", 4, 0}, matrix), "f32[16, 10], token[]");
  EXPECT_EQ(results(AllToAll{"data", 4, 0, 1}, matrix), "f32[16, 40], token[]");
  EXPECT_EQ(results(AllToAll{"data", 4, 0, 0}, matrix), "f32[64, 10], token[]");
  EXPECT_EQ(results(Send{"data", 4, 3}, matrix), "token[]");
  EXPECT_EQ(infer(Recv{"data", 4, 3, matrix}, std::vector{token_type()}),
            (std::vector{matrix, token_type()}));
  const Type open{DType::i32, {{"b", 8}, 12}};
  EXPECT_EQ(results(AllReduce{"data", 4}, open), "i32[b, 12], token[]");
  EXPECT_EQ(results(AllGather{"data", 4, 1}, open), "i32[b, 48], token[]");
}

TEST(Communication, RanksShareTheWorkOfReducing) {
  const std::vector operands{matrix, token_type()};
  const auto all = cost(AllReduce{"data", 4}, operands, operands);
  EXPECT_EQ(all.flops.value, 640 * 3 / 4);
  EXPECT_EQ(all.bytes.value, 2 * 640 * 4);
  const AllGather gather{"data", 4, 0};
  EXPECT_EQ(cost(gather, operands, infer(gather, operands)).flops.value, 0);
  EXPECT_EQ(cost(gather, operands, infer(gather, operands)).bytes.value, 5 * 640 * 4);
}

TEST(Communication, MistakesAreReportedWhereTheyAreMade) {
  Builder b("program");
  const Value x = b.input("x", matrix), open = b.input("open", {DType::f32, {{"b", 8}, 10}});
  const Value t = b.token("data");
  const struct {
    const char* expected;
    Op op;
    std::vector<Value> operands;
  } cases[] = {
      {"reduce_scatter: axis 1 of f32[64, 10] is not divided evenly among 4 ranks",
       ReduceScatter{"data", 4, 1},
       {x, t}},
      {"all_to_all: axis 1 of f32[64, 10] is not divided evenly among 4 ranks",
       AllToAll{"data", 4, 1, 0},
       {x, t}},
      {"all_gather: axis 2 is not a dimension of f32[64, 10]", AllGather{"data", 4, 2}, {x, t}},
      {"all_gather: axis 0 of f32[b, 10] is symbolic; only a fixed extent is divided among ranks",
       AllGather{"data", 4, 0},
       {open, t}},
      {"all_gather: the last operand is the token of its group, got f32[64, 10]",
       AllGather{"data", 4, 0},
       {x, x}},
      {"all_reduce: the first operand is data, got a token", AllReduce{"data", 4}, {t, t}},
      {"all_reduce: takes 2 operands, got 1", AllReduce{"data", 4}, {x}},
      {"all_reduce: group data has 0 ranks; it takes 1 to 16777216", AllReduce{"data", 0}, {x, t}},
      {"all_reduce: a group has a name", AllReduce{"", 4}, {x, t}},
      {"token: a group has a name", Token{}, {}},
      {"send: group data has one rank, which cannot send to itself", Send{"data", 1, 0}, {x, t}},
      {"send: peer 4 is none of the 4 ranks of group data", Send{"data", 4, 4}, {x, t}},
      {"recv: group data has one rank, which cannot send to itself",
       Recv{"data", 1, 0, matrix},
       {t}},
      {"recv: receives data, declared token[]", Recv{"data", 2, 0, token_type()}, {t}},
      {"negate: takes data, not tokens, which order communication", Negate{}, {t}},
      {"add: takes data, not tokens, which order communication", Add{}, {t, t}},
      {"convert: takes data, not tokens, which order communication", Convert{DType::f32}, {t}},
      {"convert: yields data, not tokens, which order communication", Convert{DType::token}, {x}},
      {"input: yields data, not tokens, which order communication", Input{"t", token_type()}, {}},
      {"full: yields data, not tokens, which order communication", Full{0, token_type()}, {}},
  };
  for (const auto& c : cases)
    EXPECT_EQ(test::error_of([&] { b.append(c.op, c.operands); }), c.expected) << name(c.op);
}

// %0 x, %1 token data, %2 all_reduce, %3 all_gather, %4 token model, %5 all_reduce
Program two_groups() {
  Builder b("step");
  const Value x = b.input("x", matrix);
  const Value sum = b(AllReduce{"data", 4}, {x, b.token("data")});
  b.output("all", b(AllGather{"data", 4, 0}, {sum, b.token("data")}));
  b.output("sum", b(AllReduce{"model", 2}, {sum, b.token("model")}));
  return b.finish();
}

TEST(Communication, EachGroupHasOneChain) {
  EXPECT_NO_THROW(verify(two_groups()));
  const struct {
    const char* expected;
    std::function<void(Program&)> break_it;
  } cases[] = {
      {"step: %3 all_gather: takes the token of %1; the last of group data is that of %2",
       [](Program& p) {
         p.nodes[3].inputs[1] = {1, 0};
       }},
      {"step: %5 all_reduce: communicates in group model, but takes a token of group data",
       [](Program& p) {
         p.nodes[5].inputs[1] = {3, 1};
       }},
      {"step: %4 token: group data has its first token already, %3",
       [](Program& p) { p.nodes[4].op = Token{"data"}; }},
      {"step: %3 all_gather: group data has 4 ranks, here 2",
       [](Program& p) {
         p.nodes[3].op = AllGather{"data", 2, 0};
         p.nodes[3].results[0] = {DType::f32, {128, 10}};
       }},
      {"step: output all: is a token, which orders communication",
       [](Program& p) {
         p.outputs[0].value = {3, 1};
       }},
      {"step: state t: is a token, which orders communication",
       [](Program& p) {
         p.states.push_back({"t", token_type(), Role::statistic, {}, {}});
       }},
  };
  for (const auto& c : cases) {
    Program program = two_groups();
    c.break_it(program);
    EXPECT_EQ(test::error_of([&] { verify(program); }), c.expected);
  }
}

TEST(Communication, InnerProgramsStayAlone) {
  Builder inner("inner");
  const Value x = inner.input("x", matrix);
  inner.output("y", inner(AllReduce{"data", 4}, {x, inner.token("data")}));
  Builder b("outer");
  b.append(Repeat{2, Region(inner.finish())}, {b.input("x", matrix)});
  EXPECT_EQ(test::error_of([&] { b.finish(); }),
            "outer: %1 repeat: inner programs do not communicate (group data)");
}

TEST(Builder, ExtendingAProgramGoesOnWithItsChains) {
  auto b = Builder::extend(two_groups());
  EXPECT_EQ(b.token("data"), (Value{3, 1}));
  EXPECT_EQ(b.token("model"), (Value{5, 1}));
  const Value first = b.token("other");
  EXPECT_EQ(b.token("other"), first);
  EXPECT_EQ(b.program().nodes[first.node].op, Op(Token{"other"}));
}

TEST(Text, CommunicationAmongFourRanksParsesBack) {
  Builder b("pipe");
  const Value x = b.input("x", matrix);
  const Value part = b(ReduceScatter{"data", 4, 0, Reduction::max}, {x, b.token("data")});
  b.append(Send{"pipe", 2, 1}, {part, b.token("pipe")});
  b.output("y", b(Recv{"pipe", 2, 1, matrix}, {b.token("pipe")}));
  const Program program = b.finish();
  const std::string text = print(program);
  EXPECT_EQ(text,
            "program \"pipe\" {\n"
            "  %0 = input {argument = \"x\"} : f32[64, 10]\n"
            "  %1 = token {group = \"data\"} : token[]\n"
            "  %2, %3 = reduce_scatter(%0, %1) {group = \"data\", ranks = 4, axis = 0, reduction = "
            "max} : f32[16, 10], token[]\n"
            "  %4 = token {group = \"pipe\"} : token[]\n"
            "  %5 = send(%2, %4) {group = \"pipe\", ranks = 2, peer = 1} : token[]\n"
            "  %6, %7 = recv(%5) {group = \"pipe\", ranks = 2, peer = 1} : f32[64, 10], token[]\n"
            "  output \"y\" = %6\n"
            "}\n");
  EXPECT_EQ(parse(text, "pipe.gir"), program);
}

}  // namespace
}  // namespace gnomon::ir
