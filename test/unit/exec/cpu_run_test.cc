// Running: shapes that come and go, states, failures, repetition, traces.

#include <gtest/gtest.h>

#include <cstring>

#include "cpu_lenet.h"
#include "exec/cpu/cpu.h"
#include "trace/recorder.h"

namespace gnomon::exec {
namespace {

struct Runner {
  std::vector<Tensor> outputs;

  const std::vector<Tensor>& operator()(Executable& executable, States& states,
                                        const std::vector<Tensor>& arguments) {
    std::vector<const Tensor*> pointers;
    for (const auto& argument : arguments) pointers.push_back(&argument);
    executable.run(pointers, states, outputs);
    return outputs;
  }
};

std::vector<Tensor> batch_of(std::int64_t size, std::uint64_t seed = 7) {
  std::vector<Tensor> arguments;
  arguments.push_back(lenet::images(size, seed));
  arguments.push_back(lenet::labels(size, seed));
  return arguments;
}

std::vector<Tensor> step_of(std::int64_t size, float rate, std::uint64_t seed = 7) {
  auto arguments = batch_of(size, seed);
  arguments.push_back(Tensor::scalar(rate));
  return arguments;
}

std::vector<Tensor> values(const States& states) {
  std::vector<Tensor> all;
  for (const auto& name : states.names()) all.push_back(states.get(name));
  return all;
}

TEST(CpuRun, MoreShapesThanTheCacheHoldsGiveTheSameAnswers) {
  const auto program = lenet::forward({"b", 16});
  CpuExecutor cpu({.threads = 1});
  auto executable = cpu.compile(program);
  States states(program, 1);
  std::vector<std::vector<Tensor>> first;
  for (std::int64_t size = 1; size <= 12; ++size)
    first.push_back(Runner{}(*executable, states, batch_of(size)));
  for (std::int64_t size = 1; size <= 12; ++size)
    EXPECT_EQ(Runner{}(*executable, states, batch_of(size)),
              first[static_cast<std::size_t>(size - 1)])
        << size;
}

TEST(CpuRun, ArgumentsThatDoNotFitAreTheCallersMistake) {
  const auto program = lenet::forward({"b", 16});
  CpuExecutor cpu;
  auto executable = cpu.compile(program);
  States states(program, 1);
  Runner run;
  run(*executable, states, batch_of(4));
  EXPECT_THROW(run(*executable, states, batch_of(17)), InputError);
  auto wrong_type = batch_of(4);
  wrong_type[1] = convert(wrong_type[1], DType::i64);
  EXPECT_THROW(run(*executable, states, wrong_type), InputError);
  auto different_batches = batch_of(4);
  different_batches[1] = lenet::labels(5, 1);
  EXPECT_THROW(run(*executable, states, different_batches), InputError);
  EXPECT_THROW(run(*executable, states, {}), InputError);
  EXPECT_FALSE(states.poisoned());
  ir::Builder other("other");
  other.output("y", other.parameter("w", {DType::f32, {2}}, {}));
  States strange(other.finish(), 1);
  EXPECT_THROW(run(*executable, strange, batch_of(4)), InputError);
}

// All reads see the old values, although memory is written in place.
TEST(CpuRun, StatesCanBeSwapped) {
  ir::Builder b("swap");
  const ir::Type type{DType::f32, {3}};
  const auto first = b.parameter("first", type, {ir::Initial::Kind::constant, 1});
  const auto second = b.parameter("second", type, {ir::Initial::Kind::constant, 2});
  b.write("first", second);
  b.write("second", first);
  const auto program = b.finish();
  CpuExecutor cpu;
  auto executable = cpu.compile(program);
  States states(program, 0);
  Runner run;
  for (const float expected : {2.0F, 1.0F, 2.0F}) {
    run(*executable, states, {});
    EXPECT_EQ(states.get("first").span<float>()[2], expected);
    EXPECT_EQ(states.get("second").span<float>()[2], 3 - expected);
  }
}

TEST(CpuRun, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(CpuExecutor({.threads = 0}), InputError);
  EXPECT_THROW(CpuExecutor(CpuOptions{1, {"fusion"}}), InputError);
}

TEST(CpuRun, StepsAreTheSameBitForBit) {
  for (const int threads : {1, 2})
    for (const auto precision : {DType::f32, DType::bf16}) {
      CpuExecutor cpu({.threads = threads});
      const auto program = lenet::training({"b", 64}, precision, cpu.target());
      std::vector<std::vector<Tensor>> ends;
      for (int repetition = 0; repetition < 2; ++repetition) {
        auto executable = cpu.compile(program);
        States states(program, 1);
        Runner run;
        for (int step = 0; step < 5; ++step)
          run(*executable, states, step_of(64, 0.05f, static_cast<std::uint64_t>(step)));
        ends.push_back(values(states));
      }
      EXPECT_EQ(ends[0], ends[1]);
    }
}

// Training moves the weights that evaluation has packed; another States at the same address must
// not be taken for the one before it.
TEST(CpuRun, PackedWeightsFollowTheStates) {
  CpuExecutor cpu;
  const auto forward = lenet::forward({"b", 16});
  const auto training = lenet::training({"b", 16}, DType::f32, cpu.target());
  auto evaluate = cpu.compile(forward), train = cpu.compile(training);
  for (const std::uint64_t seed : {1u, 2u}) {
    States states(training, seed);
    Runner run;
    const auto before = run(*evaluate, states, batch_of(8));
    run(*train, states, step_of(8, 0.1f));
    const auto after = run(*evaluate, states, batch_of(8));
    EXPECT_NE(before, after);
    States copy(training, seed);
    for (const auto& name : states.names()) copy.set(name, states.get(name));
    EXPECT_EQ(Runner{}(*cpu.compile(forward), copy, batch_of(8)), after);
  }
}

TEST(CpuRun, StatesKeepTheLayoutOfTheFirstPlan) {
  CpuExecutor cpu;
  const auto training = lenet::training({"b", 64}, DType::f32, cpu.target());
  auto train = cpu.compile_cpu(training);
  States states(training, 1);
  const auto initial = values(states);
  Runner run;
  run(*train, states, step_of(32, 0.0f));
  const auto layout = states.slot("conv2.weight").declared.layout;
  run(*train, states, step_of(1, 0.0f));
  run(*train, states, step_of(64, 0.0f));
  EXPECT_EQ(states.slot("conv2.weight").declared.layout, layout);
  for (const auto& state : train->lowered().states)
    EXPECT_EQ(state.layout, states.slot(state.name).declared.layout) << state.name;
  // A learning rate of zero: the weights went through layouts and back unchanged.
  std::size_t i = 0;
  for (const auto& name : states.names()) {
    if (training.state(name)->role == ir::Role::parameter) {
      EXPECT_EQ(states.get(name), initial[i]) << name;
    }
    ++i;
  }
  // An executor that lays nothing out can still use them.
  CpuExecutor plain({1, {"layout"}});
  Runner other;
  EXPECT_NO_THROW(other(*plain.compile(training), states, step_of(4, 0.0f)));
}

TEST(CpuRun, OutputsOfTheRightTypeAreWrittenInPlace) {
  const auto program = lenet::forward({"b", 16});
  CpuExecutor cpu;
  auto executable = cpu.compile(program);
  States states(program, 1);
  Runner run;
  run(*executable, states, batch_of(8));
  const auto* place = run.outputs[1].data();
  run(*executable, states, batch_of(8));
  EXPECT_EQ(run.outputs[1].data(), place);
  run(*executable, states, batch_of(3));
  EXPECT_EQ(run.outputs[1].shape(), (Shape{3, 10}));
}

// All writes commit together: what is read is the old value, also when two states change places.
TEST(CpuRun, StatesThatSwapReadTheOldValues) {
  ir::Builder b("swap");
  const ir::Type type{DType::f32, {3}};
  const auto x = b.parameter("x", type, {ir::Initial::Kind::constant, 1});
  const auto y = b.parameter("y", type, {ir::Initial::Kind::constant, 2});
  b.write("x", b(ir::Multiply{}, {y, y}));
  b.write("y", b(ir::Negate{}, {x}));
  b.output("old", x);
  const auto program = b.finish();
  CpuExecutor cpu;
  auto executable = cpu.compile(program);
  States states(program, 1);
  Runner run;
  EXPECT_EQ(run(*executable, states, {})[0].span<float>()[0], 1);
  EXPECT_EQ(states.get("x").span<float>()[0], 4);
  EXPECT_EQ(states.get("y").span<float>()[0], -1);
}

TEST(CpuRun, PoisonedStatesAreRefused) {
  const auto program = lenet::forward({"b", 16});
  CpuExecutor cpu;
  auto executable = cpu.compile(program);
  States states(program, 1);
  states.poison();
  Runner run;
  EXPECT_THROW(run(*executable, states, batch_of(2)), InputError);
}

TEST(CpuRun, KernelsAreNamedAndTraced) {
  const auto program = lenet::forward({"b", 16});
  CpuExecutor cpu;
  auto executable = cpu.compile_cpu(program);
  States states(program, 1);
  Runner run;
  EXPECT_TRUE(executable->kernels().empty());
  run(*executable, states, batch_of(16));
  std::size_t body = 0;
  for (const auto& kernel : executable->kernels()) {
    body += !kernel.prologue;
    EXPECT_NE(kernel.implementation, "reference") << kernel.node << ": " << kernel.why;
  }
  trace::Recording recording;
  run(*executable, states, batch_of(16));
  const auto trace = recording.stop();
  std::size_t operations = 0, steps = 0;
  for (const auto& thread : trace.threads)
    for (const auto& event : thread.events) {
      const auto category = trace.labels[event.label].category;
      operations += category == trace::Category::operation;
      steps += category == trace::Category::step;
    }
  EXPECT_EQ(operations, body);
  EXPECT_EQ(steps, 1u);
}

}  // namespace
}  // namespace gnomon::exec
