// Runs of whole programs: binding, states, precision, what is left after a failure.

#include <gtest/gtest.h>

#include "exec/reference/reference.h"
#include "ir/builder.h"
#include "unit/error_of.h"

namespace gnomon::exec {
namespace {

using ir::Initial;

// y = w x; w becomes w + x summed over the batch.
ir::Program linear() {
  ir::Builder b("linear");
  const auto x = b.input("x", {DType::f32, {{"b", 4}, 2}});
  const auto w = b.parameter("w", {DType::f32, {2}}, {Initial::Kind::constant, 3});
  b.output("y", b(ir::Multiply{}, {x, b(ir::Broadcast{{1}, b.type(x)}, {w})}));
  b.write("w", b(ir::Add{}, {w, b(ir::Sum{2, {0}}, {x})}));
  return b.finish();
}

Tensor matrix(std::int64_t rows, std::vector<float> values) {
  return Tensor::of<float>({rows, 2}, values);
}

struct Running {
  explicit Running(const ir::Program& program, Precision precision = Precision::native)
      : states(program, 1), executable(ReferenceExecutor(precision).compile(program)) {}

  const std::vector<Tensor>& operator()(const std::vector<Tensor>& arguments) {
    std::vector<const Tensor*> pointers;
    for (const auto& argument : arguments) pointers.push_back(&argument);
    executable->run(pointers, states, outputs);
    return outputs;
  }

  States states;
  std::unique_ptr<Executable> executable;
  std::vector<Tensor> outputs;
};

TEST(ReferenceExecutor, ReadsSeeOldStatesAndWritesCommitAtTheEnd) {
  Running run(linear());
  EXPECT_EQ(run({matrix(2, {1, 2, 10, 20})}).at(0), matrix(2, {3, 6, 30, 60}));
  EXPECT_EQ(run.states.get("w"), Tensor::of<float>({2}, std::vector<float>{14, 25}));
  EXPECT_EQ(run({matrix(1, {1, 1})}).at(0), matrix(1, {14, 25}));
  EXPECT_EQ(run.states.slot("w").version, 2u);
}

TEST(ReferenceExecutor, AnEmptyBatchRuns) {
  Running run(linear());
  EXPECT_EQ(run({matrix(0, {})}).at(0), matrix(0, {}));
  EXPECT_EQ(run.states.get("w"), Tensor::of<float>({2}, std::vector<float>{3, 3}));
}

TEST(ReferenceExecutor, OutputsOfTheRightTypeAreWrittenInPlace) {
  Running run(linear());
  const auto* first = run({matrix(1, {1, 1})}).at(0).data();
  EXPECT_EQ(run({matrix(1, {2, 2})}).at(0).data(), first);
}

TEST(ReferenceExecutor, ManyBatchSizesInTurn) {
  Running run(linear());
  for (int round = 0; round < 3; ++round)
    for (std::int64_t rows = 0; rows <= 4; ++rows)
      EXPECT_EQ(run({Tensor(DType::f32, {rows, 2})}).at(0).shape(), (Shape{rows, 2}));
}

TEST(ReferenceExecutor, F64RoundsNothingOnTheWay) {
  ir::Builder b("round_trip");
  const auto x = b.input("x", {DType::f32, {1}});
  const auto narrow = b(ir::Convert{DType::bf16}, {x});
  b.output("y", b(ir::Divide{}, {b(ir::Convert{DType::f32}, {narrow}), b.full_like(x, 3)}));
  const auto program = b.finish();
  const Tensor value = Tensor::of<float>({1}, std::vector<float>{1 + 0x1p-12f});
  Running wide(program, Precision::f64);
  EXPECT_EQ(wide({value}).at(0).span<double>()[0], (1 + 0x1p-12) / 3);
  Running native(program);
  EXPECT_EQ(native({value}).at(0).span<float>()[0], 1.0f / 3);
}

TEST(ReferenceExecutor, ArgumentsThatDoNotFit) {
  const struct {
    std::vector<Tensor> arguments;
    const char* expected;
  } cases[] = {
      {{}, "linear: takes 1 arguments (x), got 0"},
      {{Tensor(DType::f32, {3, 5})}, "linear: argument x is f32[3, 5], expected f32[b, 2]"},
      {{Tensor(DType::f64, {3, 2})}, "linear: argument x is f64[3, 2], expected f32[b, 2]"},
      {{Tensor(DType::f32, {2})}, "linear: argument x is f32[2], expected f32[b, 2]"},
      {{Tensor(DType::f32, {5, 2})},
       "linear: argument x is f32[5, 2]: b = 5 is above the program's bound of 4"},
  };
  for (const auto& c : cases) {
    Running run(linear());
    EXPECT_EQ(test::error_of([&] { run(c.arguments); }), c.expected);
    EXPECT_FALSE(run.states.poisoned());
    EXPECT_EQ(run.states.slot("w").version, 0u);
  }
}

TEST(ReferenceExecutor, ArgumentsThatDisagreeOnASymbol) {
  ir::Builder b("pair");
  b.input("x", {DType::f32, {{"b", 4}, 2}});
  b.output("y", b.input("label", {DType::i32, {{"b", 4}}}));
  Running run(b.finish());
  EXPECT_EQ(test::error_of([&] {
              run({matrix(1, {1, 1}), Tensor(DType::i32, {3})});
            }),
            "pair: argument label is i32[3], expected i32[b] with b = 1");
}

TEST(ReferenceExecutor, ASymbolThatNothingBinds) {
  ir::Builder b("free");
  b.output("y", b(ir::Full{1, {DType::f32, {{"b", 4}}}}, {}));
  Running run(b.finish());
  EXPECT_EQ(test::error_of([&] { run({}); }), "free: no argument binds the symbol b");
}

TEST(ReferenceExecutor, StatesOfAnotherProgram) {
  ir::Builder b("other");
  b.parameter("w", {DType::f32, {3}}, {});
  Running other(b.finish());
  const auto executable = ReferenceExecutor().compile(linear());
  const Tensor x = matrix(1, {1, 1});
  const Tensor* arguments[] = {&x};
  std::vector<Tensor> outputs;
  EXPECT_EQ(test::error_of([&] { executable->run(arguments, other.states, outputs); }),
            "linear: state w is f32[3], expected f32[2]");
}

TEST(ReferenceExecutor, PoisonedStatesAreNotRead) {
  Running run(linear());
  run.states.poison();
  EXPECT_EQ(test::error_of([&] {
              run({matrix(1, {1, 1})});
            }).substr(0, 25),
            "state w: a run failed and");
  run.states.set("w", Tensor(DType::f32, {2}));
  EXPECT_EQ(run({matrix(1, {1, 1})}).at(0), matrix(1, {0, 0}));
}

TEST(ReferenceExecutor, TargetWantsNothing) {
  const ReferenceExecutor executor;
  const auto program = linear();
  EXPECT_FALSE(executor.target().fuses(program));
  EXPECT_FALSE(executor.target().in_place(program.nodes[3], 0, 0));
  EXPECT_EQ(executor.target().layouts(program.nodes[0], {}, {}), std::nullopt);
}

}  // namespace
}  // namespace gnomon::exec
