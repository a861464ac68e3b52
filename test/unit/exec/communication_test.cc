// Communication on executors that run one rank.

#include <gtest/gtest.h>

#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"

namespace gnomon::exec {
namespace {

std::vector<std::unique_ptr<Executor>> executors() {
  std::vector<std::unique_ptr<Executor>> all;
  all.push_back(std::make_unique<ReferenceExecutor>());
  all.push_back(std::make_unique<CpuExecutor>(CpuOptions{2, {}}));
  return all;
}

// Two groups, and a state that is written.
ir::Program step(std::int64_t ranks) {
  ir::Builder b("step");
  const ir::Value w = b.parameter("w", {DType::f32, {8}}, {ir::Initial::Kind::constant, 1});
  const ir::Value x = b.input("x", {DType::f32, {8}});
  const ir::Value sum = b(ir::AllReduce{"data", ranks}, {x, b.token("data")});
  const ir::Value part = b(ir::ReduceScatter{"model", ranks}, {sum, b.token("model")});
  const ir::Value whole = b(ir::AllGather{"model", ranks}, {part, b.token("model")});
  b.write("w", b(ir::Add{}, {w, whole}));
  b.output("y", b(ir::AllToAll{"data", ranks}, {whole, b.token("data")}));
  return b.finish();
}

TEST(Communication, AGroupOfOneKeepsWhatItHas) {
  for (const auto& executor : executors()) {
    const auto executable = executor->compile(step(1));
    States states(executable->program(), 1);
    const Tensor x = Tensor::of<float>({8}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
    std::vector<Tensor> outputs;
    for (int run = 0; run < 2; ++run) executable->run(std::vector{&x}, states, outputs);
    EXPECT_EQ(outputs, std::vector{x}) << executor->name();
    EXPECT_EQ(states.get("w").span<float>()[7], 17) << executor->name();
  }
}

TEST(Communication, MoreRanksNeedAProcessGroup) {
  for (const auto& executor : executors()) {
    std::string message;
    try {
      executor->compile(step(4));
    } catch (const EnvironmentError& error) {
      message = error.what();
    }
    EXPECT_EQ(message,
              "step: %3 all_reduce: group data has 4 ranks; this executor runs one and has no "
              "process group")
        << executor->name();
  }
}

}  // namespace
}  // namespace gnomon::exec
