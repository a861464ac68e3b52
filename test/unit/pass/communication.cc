// What passes make of programs that communicate.

#include <gtest/gtest.h>

#include "count.h"
#include "fake_target.h"
#include "ir/builder.h"
#include "ir/verify.h"
#include "ir/verify_ranks.h"
#include "pass/dead_code.h"
#include "pass/fuse.h"
#include "pass/gradient.h"
#include "pass/layout.h"
#include "pass/mixed_precision.h"
#include "pass/simplify.h"
#include "unit/error_of.h"

namespace gnomon::pass {
namespace {

using namespace ir;

const Type row{DType::f32, {8}};

// Two groups in turn, with element-wise work between them that wants to be fused, and in each an
// operator that is alike another and whose result nobody needs.
Program two_groups() {
  Builder b("two_groups");
  const Value x = b.input("x", row);
  const Value sum = b(AllReduce{"data", 4}, {b(Relu{}, {b(Exp{}, {x})}), b.token("data")});
  const Value all = b(AllGather{"model", 4, 0}, {b(Exp{}, {b(Relu{}, {sum})}), b.token("model")});
  const Value part = b(ReduceScatter{"model", 4, 0}, {b(Exp{}, {all}), b.token("model")});
  const Value same = b(AllReduce{"data", 4}, {x, b.token("data")});
  b(AllReduce{"data", 4}, {x, b.token("data")});
  b(AllToAll{"model", 4}, {x, b.token("model")});
  b(AllToAll{"model", 4}, {x, b.token("model")});
  b.output("y", b(Relu{}, {b(Add{}, {part, same})}));
  return b.finish();
}

void expect_same_communication(const Program& made) {
  verify(made);
  EXPECT_NO_THROW(verify_ranks(std::vector{two_groups(), made, made, made}));
}

TEST(Communication, PassesNeitherDropNorRepeatNorReorderIt) {
  const test::FakeTarget target;
  const Program source = two_groups();
  EXPECT_EQ(remove_dead_code(source), source);
  expect_same_communication(simplify(source));
  expect_same_communication(layout(source, target));
  expect_same_communication(mixed_precision(source));
  const Program fused = fuse(source, target);
  expect_same_communication(fused);
  EXPECT_EQ(test::count(fused, "fused"), 3);
  expect_same_communication(layout(fuse(simplify(source), target), target));
}

TEST(Communication, AGroupThatSaysNothingHasNoToken) {
  Builder b("silent");
  b.token("data");
  b.output("y", b.input("x", row));
  EXPECT_EQ(test::operators(remove_dead_code(b.finish())), "");
}

// Each rank holds a quarter of the weights: gathered before they are used, and their gradients
// scattered behind.
TEST(Gradient, CommunicatesInReverseOrder) {
  Builder b("sharded");
  const Value w = b.parameter("w", {DType::f32, {4, 3}}, {});
  const Value v = b.parameter("v", {DType::f32, {2, 12}}, {});
  const Value x = b.input("x", {DType::f32, {8, 16}});
  const Value all_w = b(AllGather{"data", 4, 0}, {w, b.token("data")});
  const Value all_v = b(AllGather{"data", 4, 1}, {v, b.token("data")});
  const Value y =
      b(MatMul{}, {b(MatMul{}, {x, all_w}), b(Reshape{{DType::f32, {3, 32}}}, {all_v})});
  const Value loss = b(Sum{2, {0, 1}}, {y});
  b.output("loss", b(AllReduce{"data", 4}, {loss, b.token("data")}));
  const Program program = gradient(b.finish(), "loss");
  verify(program);
  std::string order;
  for (const auto& node : program.nodes)
    if (ranks(node.op) > 0)
      order += fmt::format("{} {}\n", name(node.op), to_string(program.type(node.inputs[0])));
  EXPECT_EQ(order,
            "all_gather f32[4, 3]\n"
            "all_gather f32[2, 12]\n"
            "all_reduce f32[]\n"
            "all_reduce f32[]\n"
            "reduce_scatter f32[2, 48]\n"
            "reduce_scatter f32[16, 3]\n");
  EXPECT_EQ(program.type(test::output(program, "gradient/w")->value), (Type{DType::f32, {4, 3}}));
}

TEST(Gradient, NothingFlowsThroughTokens) {
  Builder b("labels");
  const Value w = b.parameter("w", row, {});
  const Value sum = b(AllReduce{"data", 4}, {w, b.token("data")});
  const Value x = b(AllReduce{"data", 4}, {b.input("x", row), b.token("data")});
  b.output("loss", b(Sum{1, {0}}, {b(Multiply{}, {sum, x})}));
  EXPECT_EQ(test::count(gradient(b.finish(), "loss"), "all_reduce"), 3);
}

std::string error_of_gradient(const Program& program) {
  return test::error_of([&] { gradient(program, "loss"); });
}

TEST(Gradient, WhatCrossesRanksIsNotIgnored) {
  Builder sender("sender");
  const Value w = sender.parameter("w", row, {});
  sender.append(Send{"pipe", 2, 1}, {w, sender.token("pipe")});
  sender.output("loss", sender(Sum{1, {0}}, {w}));
  EXPECT_EQ(error_of_gradient(sender.finish()),
            "sender: %2 send: cannot be differentiated: what it leads to is in another rank's "
            "program: take gradients before dividing the program");
  Builder receiver("receiver");
  const Value y = receiver(Recv{"pipe", 2, 0, row}, {receiver.token("pipe")});
  receiver.output("loss", receiver(Sum{1, {0}}, {y}));
  EXPECT_EQ(error_of_gradient(receiver.finish()),
            "receiver: %1 recv: cannot be differentiated: what it comes from is in another rank's "
            "program: take gradients before dividing the program");
  Builder loader("loader");  // sends what no parameter has touched
  const Value x = loader.input("x", row);
  loader.append(Send{"pipe", 2, 1}, {x, loader.token("pipe")});
  loader.output("loss", loader(Sum{1, {0}}, {x}));
  EXPECT_EQ(error_of_gradient(loader.finish()), "accepted");
}

// What is sent before an update is no part of the update.
TEST(MixedPrecision, TokensLeadToNoStateWrite) {
  const Type square{DType::f32, {8, 8}};
  Builder b("step");
  const Value w = b.parameter("w", square, {});
  const Value y = b(Negate{}, {b(MatMul{}, {b.input("x", square), w})});
  b.output("y", b(AllReduce{"data", 4}, {y, b.token("data")}));
  const Value g = b(AllReduce{"data", 4}, {b.input("g", square), b.token("data")});
  b.write("w", b(Subtract{}, {w, g}));
  for (const auto& node : mixed_precision(b.finish()).nodes)
    if (std::holds_alternative<Negate>(node.op)) {
      EXPECT_EQ(node.results[0].dtype, DType::bf16);
    }
}

}  // namespace
}  // namespace gnomon::pass
