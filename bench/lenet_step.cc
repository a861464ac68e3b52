// LeNet's training step on the CPU executor (batch 64, two threads, f32 and bf16): its time, and
// the share of it that its kernels take when each is timed by itself, warm. What is missing from
// 100 % is spent between kernels, on caches the kernels cool for each other and on waking threads;
// the share exceeds 100 % where a step's kernels find each other's results in the cache.
//
// Quantiles are the lower quartile: neighbours on a shared host only ever add time.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "exec/cpu/cpu.h"
#include "machine/host.h"
#include "stats/quantile.h"
#include "train/trainer.h"
#include "train/zoo/zoo.h"

namespace gnomon {
namespace {

constexpr std::int64_t batch = 64;
constexpr int threads = 2;
constexpr int steps = 100;

std::vector<Tensor> make_arguments(const ir::Program& program) {
  std::vector<Tensor> arguments;
  const Random random(1, "bench");
  std::uint64_t draw = 0;
  for (const auto node : ir::inputs_of(program)) {
    const auto& type = program.nodes[node].results[0];
    Tensor value(type.dtype, ir::bound_shape(type.dims));
    if (type.dtype == DType::i32)
      for (auto& x : value.span<std::int32_t>())
        x = static_cast<std::int32_t>(random.below(10, draw++));
    else
      for (auto& x : value.span<float>())
        x = value.shape().empty() ? 0.01f : static_cast<float>(random.uniform(draw++));
    arguments.push_back(std::move(value));
  }
  return arguments;
}

double lower_quartile_ms(const std::vector<Seconds>& times) {
  std::vector<double> values;
  for (const auto time : times) values.push_back(time.value * 1e3);
  return stats::quantile(values, 0.25);
}

void measure(train::Precision precision) {
  exec::CpuExecutor cpu({.threads = threads});
  train::TrainOptions options;
  options.precision = precision;
  train::ModelShape shape;
  shape.batch = batch;
  const auto program = train::training_program(
      train::build_model("lenet", shape, train::Mode::training), options, cpu.target());
  const auto arguments = make_arguments(program);
  std::vector<const Tensor*> pointers;
  for (const auto& argument : arguments) pointers.push_back(&argument);
  auto executable = cpu.compile_cpu(program);
  exec::States states(program, 1);
  std::vector<Tensor> outputs;
  std::vector<Seconds> times;
  for (int step = 0; step < steps; ++step) {
    const Seconds start = now();
    executable->run(pointers, states, outputs);
    if (step >= steps / 10) times.push_back(now() - start);
  }
  const auto kernel_times = executable->time_kernels(pointers, states, outputs, steps);
  const auto kernels = executable->kernels();
  const auto first = kernels.size() - kernel_times.size();

  double sum = 0;
  fmt::print("\n{}\n{:<36} {:<44} {:>9} {:>9} {:>9}\n", name(precision), "kernel", "implementation",
             "ms p25", "GFLOP/s", "GB/s");
  for (std::size_t k = 0; k < kernel_times.size(); ++k) {
    const auto& kernel = kernels[first + k];
    const double ms = lower_quartile_ms(kernel_times[k]);
    sum += ms;
    fmt::print("{:<36} {:<44} {:>9.4f} {:>9.1f} {:>9.1f}{}\n", kernel.node.substr(0, 36),
               kernel.implementation.substr(0, 44), ms, kernel.flops.value / ms * 1e-6,
               kernel.bytes.value / ms * 1e-6, kernel.why.empty() ? "" : "  " + kernel.why);
  }
  const double step = lower_quartile_ms(times);
  const auto memory = executable->memory();
  fmt::print("step {:.3f} ms p25; kernels by themselves {:.3f} ms, {:.1f} % of the step\n", step,
             sum, 100 * sum / step);
  fmt::print("arena {} for values (at least {} alive at once), {} scratch\n",
             to_string(memory.values), to_string(memory.lower_bound), to_string(memory.scratch));
}

}  // namespace
}  // namespace gnomon

int main() {
  const auto host = gnomon::machine::read_host();
  const auto load = gnomon::machine::read_load();
  fmt::print(
      "LeNet training step, batch {}, {} threads; {} ({}), {} hardware threads, load {:.1f}\n",
      gnomon::batch, gnomon::threads, host.processor, host.family, host.hardware_threads,
      load.one_minute);
  using gnomon::train::Precision;
  for (const auto precision : {Precision::f32, Precision::bf16}) gnomon::measure(precision);
}
