// Misuse of the builder, and broken programs: messages name the program, the node, the operator and
// the shapes.

#include "ir/verify.h"

#include <gtest/gtest.h>

#include <functional>

#include "ir/builder.h"
#include "ir/op_info.h"
#include "unit/error_of.h"

namespace gnomon::ir {
namespace {

Type f32(Dims dims) { return {DType::f32, std::move(dims)}; }

// %0 input x, %1 read w, %2 matmul, %3 write w
Program linear() {
  Builder b("linear");
  const Value x = b.input("x", f32({2, 3}));
  const Value w = b.parameter("w", f32({3, 3}), {});
  b.output("y", b(MatMul{}, {x, w}));
  b.write("w", w);
  return b.finish();
}

TEST(Verify, AcceptsWhatTheBuilderMakes) { EXPECT_NO_THROW(verify(linear())); }

TEST(Verify, BrokenPrograms) {
  const struct {
    const char* expected;
    std::function<void(Program&)> break_it;
  } cases[] = {
      {"linear: %2 matmul: k differs: 4 and 3 (operands f32[2, 4], f32[3, 3])",
       [](Program& p) {
         p.nodes[0].op = Input{"x", f32({2, 4})};
         p.nodes[0].results = {f32({2, 4})};
       }},
      {"linear: %2 matmul: result types are not what the operator gives: f32[9] instead of f32[2, "
       "3]",
       [](Program& p) { p.nodes[2].results = {f32({9})}; }},
      {"linear: %2 matmul: result types are not what the operator gives: none instead of f32[2, 3]",
       [](Program& p) {
         p.nodes[2].results.clear();
         p.outputs.clear();
       }},
      {"linear: %2 matmul: uses a value that is not defined before it",
       [](Program& p) {
         p.nodes[2].inputs[0] = {2, 0};
       }},
      {"linear: %2 matmul: uses a value that is not defined before it",
       [](Program& p) {
         p.nodes[2].inputs[1] = {1, 1};
       }},
      {"linear: y: uses a value that is not defined before it",
       [](Program& p) {
         p.outputs[0].value = {3, 0};
       }},
      {"linear: output y: declared twice", [](Program& p) { p.outputs.push_back(p.outputs[0]); }},
      {"linear: state w: declared twice", [](Program& p) { p.states.push_back(p.states[0]); }},
      {"linear: %1 read: state w is not declared", [](Program& p) { p.states.clear(); }},
      {"linear: %1 read: state w is f32[3], read as f32[3, 3]",
       [](Program& p) { p.states[0].type = f32({3}); }},
      {"linear: %4 read: state w is read twice", [](Program& p) { p.nodes.push_back(p.nodes[1]); }},
      {"linear: %4 write: state w is written twice",
       [](Program& p) { p.nodes.push_back(p.nodes[3]); }},
      {"linear: %3 write: state w is f32[3, 3], written as f32[2, 3]",
       [](Program& p) {
         p.nodes[3].inputs[0] = {2, 0};
       }},
      {"linear: %4 input: argument x is declared twice",
       [](Program& p) { p.nodes.push_back(p.nodes[0]); }},
      {"linear: %2 matmul: 2 layouts for 1 results",
       [](Program& p) {
         p.nodes[2].layouts = {{}, {}};
       }},
      {"linear: %2 matmul: layout abc: malformed, or not for 2 dimensions (an example: aBcd16b)",
       [](Program& p) { p.nodes[2].layouts = {{"abc"}}; }},
      {"linear: %4 input: symbol b has two bounds, 4 and 5",
       [](Program& p) {
         p.nodes[0] = {Input{"x", f32({{"b", 4}, 3})}, {}, {f32({{"b", 4}, 3})}, {}, {}};
         p.nodes[2].results = {f32({{"b", 4}, 3})};
         p.nodes.push_back({Input{"z", f32({{"b", 5}})}, {}, {f32({{"b", 5}})}, {}, {}});
       }},
  };
  for (const auto& c : cases) {
    Program program = linear();
    c.break_it(program);
    EXPECT_EQ(test::error_of([&] { verify(program); }), c.expected);
  }
}

TEST(Verify, InnerProgramsHaveNoStates) {
  Builder inner("inner");
  inner.output("y", inner.parameter("w", f32({2}), {}));
  const Region region(inner.finish());
  Builder b("outer");
  b.append(Fused{region}, {});
  EXPECT_EQ(test::error_of([&] { b.finish(); }), "outer: %0 fused: inner programs have no states");
}

TEST(Builder, MistakesAreReportedWhereTheyAreMade) {
  Builder b("program");
  const Value x = b.input("x", f32({2, 3})), n = b.input("n", {DType::i32, {2, 3}});
  const Value image = b.input("image", f32({1, 1, 4, 4}));
  const struct {
    const char* expected;
    std::function<void()> mistake;
  } cases[] = {
      {"matmul: k differs: 3 and 2 (operands f32[2, 3], f32[2, 3])",
       [&] {
         b(MatMul{}, {x, x});
       }},
      {"add: takes 2 operands, got 1", [&] { b(Add{}, {x}); }},
      {"add: element types differ: f32[2, 3] and i32[2, 3]",
       [&] {
         b(Add{}, {x, n});
       }},
      {"exp: takes floating-point elements, got i32[2, 3]", [&] { b(Exp{}, {n}); }},
      {"softmax: takes floating-point elements, got i32[2, 3]", [&] { b(Softmax{}, {n}); }},
      {"reshape: f32[5] does not hold the elements of f32[2, 3]",
       [&] { b(Reshape{f32({5})}, {x}); }},
      {"transpose: [0, 0] is not a permutation",
       [&] {
         b(Transpose{{0, 0}}, {x});
       }},
      {"sum: axes [1, 0] are not increasing dimensions below 2",
       [&] {
         b(Sum{2, {1, 0}}, {x});
       }},
      {"sum: axes [2] are not increasing dimensions below 2",
       [&] {
         b(Sum{2, {2}}, {x});
       }},
      {"broadcast: axes [3] are not increasing dimensions of f32[2, 3]",
       [&] {
         b(Broadcast{{3}, f32({2, 3})}, {x});
       }},
      {"broadcast: axes [0] are not increasing dimensions of f32[]",
       [&] {
         b(Broadcast{{0}, f32({})}, {x});
       }},
      {"extent: axis 2 is not a dimension of f32[2, 3]", [&] { b(Extent{{2}}, {x}); }},
      {"one_hot: takes class numbers as i32, got f32[2, 3]", [&] { b(OneHot{3}, {x}); }},
      {"one_hot: needs at least one class, got 0", [&] { b(OneHot{0}, {n}); }},
      {"random_uniform: the step is an i64 scalar, got f32[2, 3]",
       [&] {
         b(RandomUniform{0, 0, f32({2})}, {x});
       }},
      {"convolution: stride is [0, 1]; it takes two integers from 1 to 16777216",
       [&] {
         b(Convolution{{0, 1}, {0, 0}}, {image, image});
       }},
      {"convolution: a window of 5 does not fit h = 4 with padding 0",
       [&] {
         b(Convolution{}, {image, b.input("tall", f32({1, 1, 5, 1}))});
       }},
      {"max_pool: padding 2 is more than half the kernel 2",
       [&] {
         b(MaxPool{{2, 2}, {1, 1}, {2, 2}}, {image});
       }},
      {"max_pool: kernel is [2]; it takes two integers from 1 to 16777216",
       [&] {
         b(MaxPool{{2}, {1, 1}, {0, 0}}, {image});
       }},
      {"convolution_input_gradient: declared f32[2, 1, 4, 4], but the operands give f32[1, 1, 4, "
       "4]",
       [&] {
         b(ConvolutionInputGradient{{1, 1}, {0, 0}, f32({2, 1, 4, 4})},
           {b.input("g", f32({1, 1, 3, 3})), b.input("k", f32({1, 1, 2, 2}))});
       }},
      {"state w: not declared", [&] { b.read("w"); }},
      {"state w: declared twice",
       [&] {
         b.parameter("w", f32({2}), {});
         b.parameter("w", f32({2}), {});
       }},
      {"if: the first operand is a bool scalar, got (f32[2, 3])", [&] { b.append(If{}, {x}); }},
      {"fused: the inner program takes (), got (f32[2, 3])", [&] { b.append(Fused{}, {x}); }},
      {"repeat: count is -1; it cannot be negative",
       [&] {
         b.append(Repeat{-1, {}}, {});
       }},
  };
  for (const auto& c : cases) EXPECT_EQ(test::error_of(c.mistake), c.expected);
}

TEST(Builder, ReadingAStateAgainYieldsTheSameValue) {
  Builder b("program");
  const Value w = b.parameter("w", f32({2}), {});
  EXPECT_EQ(b.read("w"), w);
  b.output("y", w);
  auto more = Builder::extend(b.finish());
  EXPECT_EQ(more.read("w"), w);
  EXPECT_TRUE(more.program().outputs.empty());
}

TEST(Builder, LabelsMarkWhatFollows) {
  Builder b("program");
  const Value x = b.input("x", f32({2}));
  b.label("head");
  const Value y = b(Exp{}, {x});
  EXPECT_EQ(b.program().nodes[x.node].label, "");
  EXPECT_EQ(b.program().nodes[y.node].label, "head");
}

TEST(OpInfo, ElementwiseMeansPointByPoint) {
  EXPECT_TRUE(is_elementwise(Add{}));
  EXPECT_TRUE(is_elementwise(Convert{}));
  EXPECT_FALSE(is_elementwise(Sum{1, {0}}));
  EXPECT_FALSE(is_elementwise(Transpose{{1, 0}}));
  EXPECT_FALSE(is_elementwise(Softmax{}));
  EXPECT_FALSE(is_elementwise(Reorder{}));
  EXPECT_TRUE(has_effect(Write{"w"}));
  EXPECT_FALSE(has_effect(Read{"w", {}}));
}

TEST(Program, EqualityIsDeep) {
  const Program program = linear();
  EXPECT_EQ(program, linear());
  const std::function<void(Program&)> changes[] = {
      [](Program& p) { p.name = "other"; },
      [](Program& p) { p.states[0].initial.scale = 1; },
      [](Program& p) { p.states[0].layout.tag = "ba"; },
      [](Program& p) { p.states[0].role = Role::moment; },
      [](Program& p) { p.nodes[2].label = "head"; },
      [](Program& p) { p.nodes[2].layouts = {{"ba"}}; },
      [](Program& p) {
        p.nodes[2].op = MatMul{false, true};
      },
      [](Program& p) { p.outputs[0].name = "z"; },
  };
  for (const auto& change : changes) {
    Program changed = program;
    change(changed);
    EXPECT_NE(changed, program);
  }
}

}  // namespace
}  // namespace gnomon::ir
