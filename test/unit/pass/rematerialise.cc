#include "pass/rematerialise.h"

#include <gtest/gtest.h>

#include "count.h"
#include "fake_target.h"
#include "models.h"
#include "pass/pipeline.h"
#include "pass/plan_memory.h"
#include "unit/error_of.h"

namespace gnomon::pass {
namespace {

using namespace ir;

// Contractions cost what they compute, all else what it moves.
class TimedTarget final : public machine::Target {
 public:
  std::string_view name() const override { return "timed"; }
  bool fuses(const Program& body) const override { return fake_.fuses(body); }
  std::optional<machine::NodeLayouts> layouts(const Node&, std::span<const Type>,
                                              std::span<const Layout>) const override {
    return std::nullopt;
  }
  bool in_place(const Node& node, std::size_t operand, std::size_t result) const override {
    return fake_.in_place(node, operand, result);
  }
  Seconds time(const Node& node, std::span<const Type> operands) const override {
    const auto cost = ir::cost(node.op, operands, node.results);
    return Seconds(std::max(cost.flops.value / 1e11, cost.bytes.value / 1e10));
  }

 private:
  test::FakeTarget fake_;
};

Program step_of(const Program& model) {
  PipelineOptions options;
  options.training = Training{"loss", {Sgd{0.9, 0}}};
  return lower(model, TimedTarget(), options).program;
}

// Batches large enough that activations outweigh gradients, which all live to the end.
Program deep() { return step_of(test::mlp(24, 32, 512)); }

Bytes arena(const Program& program) {
  return Bytes(static_cast<double>(plan_memory(program, TimedTarget()).arena_bytes));
}

int copies(const Program& program) {
  int n = 0;
  for (const auto& node : program.nodes) n += node.label.ends_with("*");
  return n;
}

TEST(Rematerialise, MeetsAnyBudgetThatCanBeMetAndNamesTheLeast) {
  const Program program = deep();
  const TimedTarget target;
  const std::string error = test::error_of([&] { rematerialise(program, target, {Bytes(64)}); });
  EXPECT_NE(
      error.find("mlp: values cannot be kept in 64 B of memory; the least that was found is "),
      std::string::npos)
      << error;
  const Bytes all = arena(program);
  double before = 0;
  for (const double share : {0.9, 0.75, 0.6, 0.5, 0.4}) {
    const auto made = rematerialise(program, target, {all * share});
    EXPECT_LE(arena(made.program), all * share);
    EXPECT_EQ(made.recomputation.after, arena(made.program));
    EXPECT_EQ(made.recomputation.before, all);
    EXPECT_EQ(made.recomputation.nodes, static_cast<std::size_t>(copies(made.program)));
    EXPECT_GE(made.recomputation.extra.value, before) << "less memory for less time, at " << share;
    before = made.recomputation.extra.value;
    EXPECT_EQ(made.program.nodes.size(), program.nodes.size() + made.recomputation.nodes);
  }
}

TEST(Rematerialise, HalvesADeepNetsMemoryForLessThanAThirdMoreTime) {
  const auto made = rematerialise(deep(), TimedTarget(), {Bytes(0), 0.3});
  EXPECT_LT(made.recomputation.after, 0.5 * made.recomputation.before);
  EXPECT_LE(made.recomputation.extra, 0.3 * made.recomputation.time);
}

TEST(Rematerialise, WhatFitsIsLeftAsItIs) {
  const Program program = deep();
  const auto made = rematerialise(program, TimedTarget(), {arena(program)});
  EXPECT_EQ(made.program, program);
  EXPECT_EQ(made.recomputation.nodes, 0u);
  const auto none = rematerialise(program, TimedTarget(), {Bytes(0), 0});
  EXPECT_EQ(none.recomputation.nodes, 0u);
  EXPECT_EQ(none.program.nodes.size(), program.nodes.size());
  EXPECT_EQ(rematerialise({}, TimedTarget(), {}).program, Program());
}

TEST(Rematerialise, NothingIsComputedThatNothingReads) {
  for (const Program& program : {deep(), step_of(test::lenet(32))}) {
    const auto made = rematerialise(program, TimedTarget(), {Bytes(0), 0.5}).program;
    const auto uses = uses_of(made);
    for (std::size_t i = 0; i < made.nodes.size(); ++i) {
      const bool is_output =
          std::any_of(made.outputs.begin(), made.outputs.end(),
                      [&](const Output& output) { return output.value.node == i; });
      EXPECT_TRUE(!uses[i].empty() || is_output || has_effect(made.nodes[i].op)) << "%" << i;
    }
  }
}

TEST(Rematerialise, CopiesAreOfNodesOfTheProgram) {
  const Program program = step_of(test::lenet(32));
  const auto made = rematerialise(program, TimedTarget(), {Bytes(0), 0.5});
  ASSERT_GT(made.recomputation.nodes, 0u);
  // Without what makes a copy a copy, every node is one of the source's.
  for (auto node : made.program.nodes) {
    const bool is_copy = node.label.ends_with("*");
    if (is_copy) node.label.pop_back();
    const auto same = [&](const Node& other) {
      return node.op == other.op && node.results == other.results &&
             node.layouts == other.layouts && node.label == other.label;
    };
    EXPECT_TRUE(std::any_of(program.nodes.begin(), program.nodes.end(), same));
    EXPECT_FALSE(is_copy && (has_effect(node.op) || is_constant(node.op)));
  }
  EXPECT_EQ(made.program.outputs.size(), program.outputs.size());
  EXPECT_EQ(made.program.states, program.states);
}

TEST(Rematerialise, IsAStepOfThePipelineOnlyIfAskedFor) {
  PipelineOptions options;
  options.training = Training{"loss", {Sgd{0.9, 0}}};
  EXPECT_FALSE(lower(test::mlp(8, 32, 512), TimedTarget(), options).recomputation.has_value());
  options.memory = MemoryBudget{};
  const auto lowered = lower(test::mlp(8, 32, 512), TimedTarget(), options);
  EXPECT_EQ(lowered.steps.back().name, "rematerialise");
  ASSERT_TRUE(lowered.recomputation.has_value());
  EXPECT_LT(lowered.recomputation->after, lowered.recomputation->before);
}

}  // namespace
}  // namespace gnomon::pass
