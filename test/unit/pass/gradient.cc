#include "pass/gradient.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "count.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/update.h"
#include "unit/error_of.h"

namespace gnomon::pass {
namespace {

using namespace ir;

TEST(Gradient, EveryParameterHasAnOutputOfItsType) {
  const auto program = gradient(test::lenet({"b", 64}), "loss");
  verify(program);
  for (const auto& state : program.states) {
    const auto* output = test::output(program, gradient_output(state.name));
    ASSERT_NE(output, nullptr) << state.name;
    EXPECT_EQ(program.type(output->value), state.type);
  }
  EXPECT_NE(test::output(program, "logits"), nullptr);
  EXPECT_NE(test::output(program, "loss"), nullptr);
  EXPECT_EQ(program.outputs.size(), 12u);
}

TEST(Gradient, InputsGetNone) {
  const auto program = gradient(test::lenet({"b", 64}), "loss");
  // Of two convolutions only the second passes a gradient on to its images.
  EXPECT_EQ(test::count(program, "convolution_input_gradient"), 1);
  EXPECT_EQ(test::count(program, "convolution_weight_gradient"), 2);
  // Three products forward, two gradients each.
  EXPECT_EQ(test::count(program, "matmul"), 9);
}

TEST(Gradient, LastLayersComeFirst) {
  const auto program = gradient(test::lenet({"b", 64}), "loss");
  EXPECT_LT(test::output(program, "gradient/fc3.weight")->value.node,
            test::output(program, "gradient/fc1.weight")->value.node);
  EXPECT_LT(test::output(program, "gradient/conv2.bias")->value.node,
            test::output(program, "gradient/conv1.weight")->value.node);
  EXPECT_EQ(test::producer(program, "gradient/conv1.weight").label, "conv1'");
}

TEST(Gradient, ContributionsAreSummed) {
  Builder b("square");
  const Value w = b.parameter("w", {DType::f32, {}}, {});
  b.output("loss", b(Multiply{}, {w, w}));
  const auto program = gradient(b.finish(), "loss");
  EXPECT_EQ(test::operators(program), "multiply full multiply multiply add");
}

TEST(Gradient, ParametersTheLossIgnoresGetZeros) {
  Builder b("unused");
  const Value w = b.parameter("w", {DType::f32, {}}, {});
  b.parameter("v", {DType::f32, {3}}, {});
  b.output("loss", b(Relu{}, {w}));
  const auto program = gradient(b.finish(), "loss");
  const auto& node = test::producer(program, "gradient/v");
  ASSERT_TRUE(std::holds_alternative<Full>(node.op));
  EXPECT_EQ(std::get<Full>(node.op), (Full{0, {DType::f32, {3}}}));
}

TEST(Gradient, SaysWhatStandsInTheWay) {
  Builder b("net");
  const Value w = b.parameter("w", {DType::f32, {1, 1, 4, 4}}, {});
  b.label("pool");
  const Value y = b(MaxPool{}, {w});
  const Value z = b(MaxPoolGradient{}, {w, y});
  b.output("loss", b(Sum{4, {0, 1, 2, 3}}, {z}));
  b.output("logits", z);
  const auto program = b.finish();
  EXPECT_EQ(test::error_of([&] { gradient(program, "loss"); }),
            "net: %2 max_pool_gradient (pool): cannot be differentiated: second derivatives of "
            "max_pool are not provided");
  EXPECT_EQ(test::error_of([&] { gradient(program, "logits"); }),
            "net: output logits is f32[1, 1, 4, 4]; a loss is a floating-point scalar");
  EXPECT_EQ(test::error_of([&] { gradient(program, "los"); }),
            "net: there is no output los; did you mean 'loss'?");
}

TEST(Sgd, WritesEveryParameterAndItsMoment) {
  const auto program = update(gradient(test::lenet({"b", 64}), "loss"), {Sgd{0.9, 1e-4}});
  verify(program);
  EXPECT_EQ(test::count(program, "write"), 20);
  EXPECT_EQ(program.outputs.size(), 2u);
  const auto* moment = program.state("conv1.weight.momentum");
  ASSERT_NE(moment, nullptr);
  EXPECT_EQ(moment->role, Role::moment);
  EXPECT_EQ(moment->type, program.state("conv1.weight")->type);
}

TEST(Sgd, PlainDescentHasNoMoments) {
  const auto program = update(gradient(test::lenet({"b", 64}), "loss"), {});
  EXPECT_EQ(program.states.size(), 10u);
  EXPECT_EQ(test::count(program, "write"), 10);
}

TEST(Sgd, RefusesWhatMakesNoSense) {
  const auto forward = test::lenet({"b", 64});
  EXPECT_THROW(update(forward, {}), InputError);
  EXPECT_THROW(update(gradient(forward, "loss"), {Sgd{-1, 0}}), InputError);
}

}  // namespace
}  // namespace gnomon::pass
