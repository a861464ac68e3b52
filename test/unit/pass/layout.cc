#include "pass/layout.h"

#include <gtest/gtest.h>

#include <set>

#include "count.h"
#include "fake_target.h"
#include "ir/verify.h"
#include "models.h"
#include "pass/fuse.h"
#include "pass/gradient.h"
#include "pass/mixed_precision.h"
#include "pass/simplify.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using namespace ir;

Program training_step() {
  return simplify(update(gradient(test::lenet({"b", 64}), "loss"), {Sgd{0.9, 1e-4}}));
}

void check_edges(const Program& program) {
  for (const auto& output : program.outputs)
    EXPECT_TRUE(program.layout(output.value).is_row_major()) << output.name;
  std::set<std::pair<Value, std::string>> reorders;
  for (const auto& node : program.nodes) {
    if (const auto* read = std::get_if<Read>(&node.op)) {
      EXPECT_EQ(node.layouts.empty() ? Layout() : node.layouts[0],
                program.state(read->state)->layout);
    }
    if (const auto* write = std::get_if<Write>(&node.op)) {
      EXPECT_EQ(program.layout(node.inputs[0]), program.state(write->state)->layout);
    }
    if (std::holds_alternative<Reshape>(node.op)) {
      EXPECT_TRUE(program.layout(node.inputs[0]).is_row_major());
    }
    if (!std::holds_alternative<Reorder>(node.op)) continue;
    EXPECT_FALSE(std::holds_alternative<Reorder>(program.nodes[node.inputs[0].node].op));
    const auto tag = node.layouts.empty() ? "" : node.layouts[0].tag;
    EXPECT_TRUE(reorders.emplace(node.inputs[0], tag).second) << "reordered twice";
    EXPECT_NE(program.layout(node.inputs[0]).tag, tag) << "reordered into what it is in";
  }
}

TEST(Layout, ParametersAndMomentsTakeWhatConvolutionsWant) {
  const auto program = layout(training_step(), test::FakeTarget());
  verify(program);
  check_edges(program);
  for (const char* name : {"conv1.weight", "conv1.weight.momentum", "conv2.weight.momentum"})
    EXPECT_EQ(program.state(name)->layout.tag, "ABcd4a4b") << name;
  EXPECT_TRUE(program.state("fc1.weight")->layout.is_row_major());
}

TEST(Layout, UpdatesMoveNothing) {
  const auto program = layout(fuse(training_step(), test::FakeTarget()), test::FakeTarget());
  verify(program);
  check_edges(program);
  for (const auto& node : program.nodes) {
    if (!std::holds_alternative<Reorder>(node.op)) continue;
    EXPECT_FALSE(std::holds_alternative<Read>(program.nodes[node.inputs[0].node].op)) << node.label;
  }
}

TEST(Layout, ParametersAreTracedThroughConversions) {
  const auto program = layout(mixed_precision(test::lenet({"b", 64})), test::FakeTarget());
  EXPECT_EQ(program.state("conv2.weight")->layout.tag, "ABcd4a4b");
  check_edges(program);
}

TEST(Layout, AStateWithALayoutKeepsIt) {
  auto step = training_step();
  for (auto& state : step.states)
    if (state.name == "conv1.weight") state.layout = {"acdb"};
  const auto program = layout(step, test::FakeTarget());
  EXPECT_EQ(program.state("conv1.weight")->layout.tag, "acdb");
  EXPECT_EQ(program.state("conv1.weight.momentum")->layout.tag, "acdb");
  check_edges(program);
}

TEST(Layout, ATargetWithoutOpinionChangesNothing) {
  test::FakeTarget target;
  target.blocked = false;
  EXPECT_EQ(layout(training_step(), target), training_step());
}

TEST(Layout, DecidingAgainChangesNothing) {
  const auto once = layout(training_step(), test::FakeTarget());
  EXPECT_EQ(layout(once, test::FakeTarget()), once);
}

}  // namespace
}  // namespace gnomon::pass
