#include "pass/plan_memory.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "count.h"
#include "fake_target.h"
#include "models.h"
#include "pass/pipeline.h"

namespace gnomon::pass {
namespace {

using namespace ir;

// Runs the program in mind: every stored byte range remembers which value it holds, and every
// operand must still be there when it is read.
void check(const Program& program, const MemoryPlan& plan) {
  using Range = std::pair<std::size_t, std::size_t>;
  std::map<std::pair<int, std::size_t>, std::map<Range, Value>> memory;  // by place and index
  std::map<Value, Value> alias;
  const auto room = [&](const Placement& p) -> auto& {
    return memory[{static_cast<int>(p.place), p.place == Place::arena ? 0 : p.index}];
  };
  const auto holds = [&](Value value) {
    const Placement& p = plan.at(value);
    const auto& ranges = room(p);
    const auto found = ranges.find({p.offset, p.offset + p.bytes});
    if (p.bytes == 0) return true;
    return found != ranges.end() && found->second == alias.at(value);
  };
  const auto store = [&](Value value) {
    const Placement& p = plan.at(value);
    if (p.bytes == 0) return;
    auto& ranges = room(p);
    for (auto it = ranges.begin(); it != ranges.end();)
      if (it->first.first < p.offset + p.bytes && p.offset < it->first.second)
        it = ranges.erase(it);
      else
        ++it;
    ranges[{p.offset, p.offset + p.bytes}] = value;
  };
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    for (const auto input : node.inputs)
      EXPECT_TRUE(holds(input)) << "%" << i << " reads %" << input.node << ", overwritten";
    const bool names = is_view(program, node);
    for (std::uint32_t r = 0; r < node.results.size(); ++r) {
      alias[{i, r}] = names ? alias.at(node.inputs[0]) : Value{i, r};
      if (!names) store({i, r});
      const Placement& p = plan.at({i, r});
      if (p.place != Place::arena) continue;
      EXPECT_EQ(p.offset % 64, 0u);
      EXPECT_LE(p.offset + p.bytes, plan.arena_bytes);
    }
    for (std::uint32_t r = 0; r < node.results.size(); ++r)
      EXPECT_TRUE(holds({i, r})) << "%" << i << " overwrites its own result";
  }
  for (const auto& output : program.outputs) EXPECT_TRUE(holds(output.value)) << output.name;
  for (const auto& node : program.nodes)
    EXPECT_TRUE(!std::holds_alternative<Write>(node.op) || holds(node.inputs[0]));
}

PipelineOptions training(DType precision) {
  PipelineOptions options;
  options.precision = precision;
  options.training = Training{"loss", {Sgd{0.9, 1e-4}}};
  return options;
}

TEST(PlanMemory, LenetIsSoundAndTight) {
  for (const DType precision : {DType::f32, DType::bf16})
    for (const bool fuses : {false, true})
      for (const bool blocked : {false, true}) {
        test::FakeTarget target;
        target.fuses_all = fuses;
        target.blocked = blocked;
        const auto program = lower(test::lenet({"b", 64}), target, training(precision)).program;
        const auto plan = plan_memory(program, target);
        check(program, plan);
        EXPECT_LE(static_cast<double>(plan.arena_bytes),
                  1.15 * static_cast<double>(plan.lower_bound));
        EXPECT_GT(plan.lower_bound, 0u);
      }
}

TEST(PlanMemory, UpdatesAreMadeInTheSlotsOfTheirStates) {
  const test::FakeTarget target;
  const auto program = lower(test::lenet({"b", 64}), target, training(DType::f32)).program;
  const auto plan = plan_memory(program, target);
  for (const auto& node : program.nodes)
    if (const auto* write = std::get_if<Write>(&node.op)) {
      ASSERT_EQ(plan.at(node.inputs[0]).place, Place::state) << write->state;
      EXPECT_EQ(program.states[plan.at(node.inputs[0]).index].name, write->state);
    }
}

TEST(PlanMemory, AnOldValueStillNeededIsNotOverwritten) {
  Builder b("late");
  const Type type{DType::f32, {64}};
  const Value w = b.parameter("w", type, {});
  b.write("w", b(Exp{}, {w}));
  b.output("y", b(Sum{1, {0}}, {w}));
  const auto program = b.finish();
  const auto plan = plan_memory(program, test::FakeTarget());
  check(program, plan);
  EXPECT_EQ(plan.values[1][0].place, Place::arena);
}

TEST(PlanMemory, ReshapesAndChainsShareStorage) {
  Builder b("chain");
  Value x = b.input("x", {DType::f32, {32, 32}});
  x = b(MatMul{}, {x, x});
  x = b(Reshape{{DType::f32, {1024}}}, {x});
  for (int i = 0; i < 10; ++i) x = b(Exp{}, {x});
  b.output("y", b(Sum{1, {0}}, {x}));
  const auto program = b.finish();
  const auto plan = plan_memory(program, test::FakeTarget());
  check(program, plan);
  EXPECT_EQ(plan.arena_bytes, 4096u);
  EXPECT_EQ(plan.at(program.outputs[0].value).place, Place::output);
  EXPECT_EQ(plan.values[0][0].place, Place::argument);
}

TEST(PlanMemory, OneValueTwoOutputsIsMadeInTheFirst) {
  Builder b("twins");
  const Value y = b(Exp{}, {b.input("x", {DType::f32, {8}})});
  b.output("a", y);
  b.output("b", y);
  const auto plan = plan_memory(b.finish(), test::FakeTarget());
  EXPECT_EQ(plan.values[1][0], (Placement{Place::output, 0, 0, 32}));
}

// Random element-wise graphs with products, reshapes, transpositions that stay and writes.
TEST(PlanMemory, RandomProgramsAreSound) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Random random(seed, "programs");
    std::uint64_t draw = 0;
    const auto below = [&](std::size_t n) { return random.below(n, draw++); };
    Builder b("random");
    const Type square{DType::f32, {16, 16}}, flat{DType::f32, {256}};
    std::vector<Value> values = {b.input("x", square), b.parameter("w", square, {}),
                                 b.parameter("v", square, {})};
    const auto pick = [&] { return values[below(values.size())]; };
    for (int i = 0; i < 30; ++i) switch (below(5)) {
        case 0:
          values.push_back(b(MatMul{}, {pick(), pick()}));
          break;
        case 1:
          values.push_back(b(Exp{}, {pick()}));
          break;
        case 2:
          values.push_back(b(Add{}, {pick(), pick()}));
          break;
        case 3:
          values.push_back(b(Transpose{{1, 0}}, {pick()}));
          break;
        default:
          values.push_back(b(Reshape{square}, {b(Exp{}, {b(Reshape{flat}, {pick()})})}));
      }
    b.write("w", pick());
    b.write("v", pick());
    b.output("y", pick());
    auto program = b.finish();
    for (auto& node : program.nodes)
      if (std::holds_alternative<Transpose>(node.op))
        node.layouts = {transposed(program.layout(node.inputs[0]), {1, 0})};
    check(program, plan_memory(program, test::FakeTarget()));
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

}  // namespace
}  // namespace gnomon::pass
