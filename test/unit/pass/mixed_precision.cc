#include "pass/mixed_precision.h"

#include <gtest/gtest.h>

#include "count.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/gradient.h"
#include "pass/simplify.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

TEST(MixedPrecision, ContractionsRunInBf16AndTheLossInF32) {
  const auto program =
      simplify(update(gradient(mixed_precision(test::lenet({"b", 64})), "loss"), {Sgd{0.9, 1e-4}}));
  verify(program);
  for (const auto& node : program.nodes) {
    if (node.results.empty()) continue;
    const DType dtype = node.results[0].dtype;
    const auto op = name(node.op);
    const bool narrow = precision_of(node.op) == Precision::narrow || op == "max_pool" ||
                        op == "max_pool_gradient" || op == "relu";
    const bool wide = op == "log_softmax" || op == "exp" || op == "subtract";
    EXPECT_FALSE(narrow && dtype != DType::bf16) << op;
    EXPECT_FALSE(wide && dtype != DType::f32) << op;
  }
}

TEST(MixedPrecision, StatesArgumentsAndOutputsKeepTheirTypes) {
  const auto before = test::lenet({"b", 64});
  const auto after = gradient(mixed_precision(before), "loss");
  EXPECT_EQ(after.states, before.states);
  for (const auto& output : after.outputs)
    EXPECT_EQ(after.type(output.value).dtype, DType::f32) << output.name;
}

TEST(MixedPrecision, UpdatesRunInF32) {
  const auto forward = test::lenet({"b", 64});
  for (const auto& program : {update(gradient(mixed_precision(forward), "loss"), {}),
                              mixed_precision(update(gradient(forward, "loss"), {}))}) {
    verify(program);
    for (const auto& node : program.nodes) {
      if (!std::holds_alternative<Write>(node.op)) continue;
      const Node& subtract = program.nodes[node.inputs[0].node];
      const Node& scaled = program.nodes[subtract.inputs[1].node];
      EXPECT_EQ(program.type(scaled.inputs[0]).dtype, DType::f32);
    }
  }
}

TEST(MixedPrecision, EachParameterIsConvertedOnce) {
  const auto program = mixed_precision(test::lenet({"b", 64}));
  EXPECT_EQ(test::count(program, "convert"), 10 + 2);  // the image, the logits
}

TEST(MixedPrecision, OtherTypesAreLeftAlone) {
  Builder b("double");
  const Type type{DType::f64, {4, 4}};
  b.output("y", b(MatMul{}, {b.input("x", type), b.parameter("w", type, {})}));
  const auto program = b.finish();
  EXPECT_EQ(mixed_precision(program), program);
}

}  // namespace
}  // namespace gnomon::pass
