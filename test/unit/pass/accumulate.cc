#include "pass/accumulate.h"

#include <gtest/gtest.h>

#include "count.h"
#include "models.h"
#include "pass/gradient.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

TEST(Accumulate, GradientsAreAddedToMomentsAndNoLongerOutputs) {
  const Program with_gradients = gradient(test::mlp(2, 16, {"b", 8}), "loss");
  const Program parts = accumulate(with_gradients);
  EXPECT_EQ(parts.outputs.size(), 2u);  // logits and loss
  EXPECT_EQ(test::count(parts, "write"), 6);
  for (const auto* parameter : {"hidden1.weight", "hidden2.bias", "head.weight"}) {
    const State* sum = parts.state(accumulator_name(parameter));
    ASSERT_NE(sum, nullptr) << parameter;
    EXPECT_EQ(sum->role, Role::moment);
    EXPECT_EQ(sum->type, parts.state(parameter)->type);
    EXPECT_EQ(sum->initial, Initial());
  }
}

TEST(Accumulate, TheUpdateTakesTheirMeanHasAllStatesAndSetsThemBack) {
  const Program with_gradients = gradient(test::mlp(2, 16, {"b", 8}), "loss");
  const Program sums = accumulated(with_gradients, 4);
  EXPECT_TRUE(inputs_of(sums).empty());
  EXPECT_EQ(sums.outputs.size(), 6u);
  EXPECT_EQ(test::producer(sums, gradient_output("head.weight")).op, Op(Multiply{}));
  const Program moves = update(sums, {AdamW{}, 1, true, 0});
  for (const auto& state : accumulate(with_gradients).states)
    EXPECT_NE(moves.state(state.name), nullptr) << state.name;
  // Parameter, two moments of AdamW, accumulator.
  EXPECT_EQ(test::count(moves, "write"), 6 * 4);
  ASSERT_EQ(moves.outputs.size(), 1u);
  EXPECT_EQ(moves.outputs[0].name, gradient_norm_output);
}

}  // namespace
}  // namespace gnomon::pass
