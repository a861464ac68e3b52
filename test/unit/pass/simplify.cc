#include "pass/simplify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "count.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/gradient.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

const Type matrix{DType::f32, {4, 6}};

// What is left of an expression in x and y, both f32[4, 6].
std::string simplified(const std::function<Value(Builder&, Value x, Value y)>& expression) {
  Builder b("expression");
  const Value x = b.input("x", matrix);
  const Value y = b.input("y", matrix);
  b.output("result", expression(b, x, y));
  const auto program = simplify(b.finish());
  verify(program);
  const auto& result = program.outputs[0].value;
  if (const auto* input = std::get_if<Input>(&program.nodes[result.node].op))
    return input->argument;
  return test::operators(program);
}

struct Case {
  const char* rule;
  std::function<Value(Builder&, Value x, Value y)> expression;
  const char* left;
};

Value number(Builder& b, double value) { return b(Full{value, matrix}, {}); }

Value scalar(Builder& b, const char* name) { return b.input(name, {DType::f32, {}}); }

Value convert(Builder& b, DType dtype, Value x) { return b(Convert{dtype}, {x}); }

Value spread(Builder& b, Value x) { return b.broadcast_like(x, number(b, 0)); }

// clang-format off
const Case cases[] = {
    {"convert to own type", [](auto& b, Value x, Value) { return convert(b, DType::f32, x); }, "x"},
    {"convert of convert", [](auto& b, Value x, Value) { return convert(b, DType::bf16, convert(b, DType::f64, x)); }, "convert"},
    {"convert of convert", [](auto& b, Value x, Value) { return convert(b, DType::f32, convert(b, DType::f64, x)); }, "x"},
    {"convert of convert", [](auto& b, Value x, Value) { return convert(b, DType::f32, convert(b, DType::bf16, x)); }, "convert convert"},
    {"convert of full", [](auto& b, Value, Value) { return convert(b, DType::bf16, number(b, 3)); }, "full"},
    {"narrowed reshape", [](auto& b, Value x, Value) { return convert(b, DType::f64, b(Reshape{{DType::f32, {24}}}, {x})); }, "reshape convert"},
    {"narrowed reshape", [](auto& b, Value x, Value) { return convert(b, DType::bf16, b(Reshape{{DType::f32, {24}}}, {x})); }, "convert reshape"},
    {"element-wise of full", [](auto& b, Value, Value) { return b(Add{}, {number(b, 3), b(Exp{}, {number(b, 0)})}); }, "full"},
    {"element-wise of full", [](auto& b, Value, Value) { return b(Log{}, {number(b, 0)}); }, "full log"},
    {"moved full", [](auto& b, Value, Value) { return b(Transpose{{1, 0}}, {number(b, 3)}); }, "full"},
    {"moved full", [](auto& b, Value, Value) { return b(Reshape{{DType::f32, {24}}}, {number(b, 3)}); }, "full"},
    {"moved full", [](auto& b, Value, Value) { return spread(b, b(Full{3, {DType::f32, {}}}, {})); }, "full"},
    {"extent of known size", [](auto& b, Value x, Value) { return b(Extent{{0}}, {x}); }, "full"},
    {"add zero", [](auto& b, Value x, Value) { return b(Add{}, {number(b, 0), x}); }, "x"},
    {"add zero", [](auto& b, Value, Value y) { return b(Add{}, {y, number(b, 0)}); }, "y"},
    {"subtract zero", [](auto& b, Value x, Value) { return b(Subtract{}, {x, number(b, 0)}); }, "x"},
    {"multiply by one", [](auto& b, Value x, Value) { return b(Multiply{}, {x, number(b, 1)}); }, "x"},
    {"multiply by one", [](auto& b, Value, Value y) { return b(Multiply{}, {number(b, 1), y}); }, "y"},
    {"divide by one", [](auto& b, Value x, Value) { return b(Divide{}, {x, number(b, 1)}); }, "x"},
    {"multiply integers by zero", [](auto& b, Value, Value) {
       const Value i = b.input("i", {DType::i32, {3}});
       return b(Multiply{}, {i, b.full_like(i, 0)}); }, "full"},
    {"multiply integers by zero", [](auto& b, Value x, Value) { return b(Multiply{}, {x, number(b, 0)}); }, "full multiply"},
    {"double negation", [](auto& b, Value x, Value) { return b(Negate{}, {b(Negate{}, {x})}); }, "x"},
    {"add negated", [](auto& b, Value x, Value y) { return b(Add{}, {x, b(Negate{}, {y})}); }, "subtract"},
    {"add negated", [](auto& b, Value x, Value y) { return b(Add{}, {b(Negate{}, {y}), x}); }, "subtract"},
    {"subtract negated", [](auto& b, Value x, Value y) { return b(Subtract{}, {x, b(Negate{}, {y})}); }, "add"},
    {"relu of relu", [](auto& b, Value x, Value) { return b(Relu{}, {b(Relu{}, {x})}); }, "relu"},
    {"maximum of one value", [](auto& b, Value x, Value) { return b(Maximum{}, {x, x}); }, "x"},
    {"reshape to own type", [](auto& b, Value x, Value) { return b(Reshape{matrix}, {x}); }, "x"},
    {"reshape of reshape", [](auto& b, Value x, Value) { return b(Reshape{{DType::f32, {2, 12}}}, {b(Reshape{{DType::f32, {24}}}, {x})}); }, "reshape"},
    {"identity transpose", [](auto& b, Value x, Value) { return b(Transpose{{0, 1}}, {x}); }, "x"},
    {"transpose that moves nothing", [](auto& b, Value x, Value) { return b(Transpose{{1, 0, 2}}, {b(Reshape{{DType::f32, {4, 1, 6}}}, {x})}); }, "reshape"},
    {"transpose that moves nothing", [](auto& b, Value x, Value) { return b(Transpose{{2, 1, 0}}, {b(Reshape{{DType::f32, {4, 1, 6}}}, {x})}); }, "reshape transpose"},
    {"transpose of transpose", [](auto& b, Value x, Value) { return b(Transpose{{1, 0}}, {b(Transpose{{1, 0}}, {x})}); }, "x"},
    {"broadcast to own type", [](auto& b, Value x, Value) { return b(Broadcast{{0, 1}, matrix}, {x}); }, "x"},
    {"broadcast of broadcast", [](auto& b, Value, Value) {
       const Value row = b(Broadcast{{}, {DType::f32, {6}}}, {scalar(b, "s")});
       return b(Broadcast{{1}, matrix}, {row}); }, "broadcast"},
    {"element-wise of broadcasts", [](auto& b, Value, Value) { return b(Add{}, {spread(b, scalar(b, "s")), spread(b, scalar(b, "t"))}); }, "add broadcast"},
    {"element-wise of broadcasts", [](auto& b, Value, Value) { return b(Add{}, {spread(b, scalar(b, "s")), number(b, 2)}); }, "full add broadcast"},
    {"element-wise of broadcasts", [](auto& b, Value, Value) { return convert(b, DType::bf16, spread(b, scalar(b, "s"))); }, "convert broadcast"},
    {"transpose into matmul", [](auto& b, Value x, Value y) { return b(MatMul{}, {b(Transpose{{1, 0}}, {x}), y}); }, "matmul"},
    {"transpose into matmul", [](auto& b, Value x, Value y) { return b(MatMul{}, {x, b(Transpose{{1, 0}}, {y})}); }, "matmul"},
    {"sum over nothing", [](auto& b, Value x, Value) { return b(Sum{2, {}}, {x}); }, "x"},
    {"max over nothing", [](auto& b, Value x, Value) { return b(Max{2, {}}, {x}); }, "x"},
    {"sum over extents of one", [](auto& b, Value x, Value) { return b(Sum{3, {1}}, {b(Reshape{{DType::f32, {4, 1, 6}}}, {x})}); }, "x"},
    {"sum of known sums", [](auto& b, Value x, Value) {
       b.output("sum", b(Sum{2, {0}}, {x}));
       return b(Sum{2, {0}}, {b(Multiply{}, {x, number(b, 2)})}); }, "sum full multiply"},
    {"sum of known sums", [](auto& b, Value x, Value) {
       const Value sum = b(Sum{2, {0}}, {x});
       const Value mean = b(Divide{}, {sum, b.full_like(sum, 4)});
       const Value centred = b(Subtract{}, {x, b(Broadcast{{1}, matrix}, {mean})});
       b.output("centred", centred);
       return b(Sum{2, {0}}, {centred}); }, "sum full divide broadcast subtract multiply subtract"},
    {"sum of known sums", [](auto& b, Value x, Value) {  // the row is no mean: little may be left
       b.output("sum", b(Sum{2, {0}}, {x}));
       return b(Sum{2, {0}}, {b(Subtract{}, {x, b(Broadcast{{1}, matrix}, {b.input("row", {DType::f32, {6}})})})}); },
     "sum broadcast subtract sum"},
    {"sum of known sums", [](auto& b, Value x, Value y) {  // y's is not
       b.output("sum", b(Sum{2, {0}}, {x}));
       return b(Sum{2, {0}}, {b(Add{}, {x, y})}); }, "sum add sum"},
};
// clang-format on

TEST(Simplify, Rules) {
  for (const auto& c : cases) EXPECT_EQ(simplified(c.expression), c.left) << c.rule;
}

TEST(Simplify, EveryRuleHasATest) {
  std::set<std::string_view> tested;
  for (const auto& c : cases) tested.insert(c.rule);
  for (const auto rule : simplify_rules()) EXPECT_TRUE(tested.contains(rule)) << rule;
}

TEST(Simplify, ComputesEqualNodesOnce) {
  EXPECT_EQ(simplified([](auto& b, Value x, Value y) {
              return b(Multiply{}, {b(Add{}, {x, y}), b(Add{}, {x, y})});
            }),
            "add multiply");
}

TEST(Simplify, DifferencesThatMayBeNanStay) {
  EXPECT_EQ(simplified([](auto& b, Value x, Value) { return b(Subtract{}, {x, x}); }), "subtract");
}

TEST(Simplify, KeepsArgumentsAndWrites) {
  Builder b("effects");
  const Value w = b.parameter("w", matrix, {});
  b.input("unused", matrix);
  b(Relu{}, {w});
  b.write("w", b(Exp{}, {w}));
  const auto program = simplify(b.finish());
  EXPECT_EQ(test::operators(program), "exp write");
  EXPECT_EQ(inputs_of(program).size(), 1u);
}

TEST(Simplify, ReachesInnerPrograms) {
  Builder inner("body");
  const Value x = inner.input("x", matrix);
  inner.output("y", inner(Negate{}, {inner(Negate{}, {inner(Relu{}, {x})})}));
  Builder b("outer");
  b.output("y", b(Repeat{3, Region(inner.finish())}, {b.input("x", matrix)}));
  const auto program = simplify(b.finish());
  const auto& repeat = std::get<Repeat>(test::producer(program, "y").op);
  EXPECT_EQ(test::operators(repeat.body.program()), "relu");
}

TEST(Simplify, IsAtAFixedPoint) {
  const auto once = simplify(update(gradient(test::lenet({"b", 64}), "loss"), {Sgd{0.9, 1e-4}}));
  verify(once);
  EXPECT_EQ(simplify(once), once);
}

}  // namespace
}  // namespace gnomon::pass
