// What passes cost: the training step of a chain of N blocks (matrix product, bias, relu), for N
// doubling; seconds per pass and per block. Linear passes show the same time per block all the way.

#include <fmt/format.h>

#include <memory>

#include "app/execution.h"
#include "base/clock.h"
#include "ir/builder.h"
#include "pass/pipeline.h"
#include "pass/plan_memory.h"
#include "train/loss.h"
#include "train/zoo/zoo.h"

namespace gnomon {
namespace {

ir::Program chain(int blocks) {
  constexpr std::int64_t width = 64;
  ir::Builder b("chain");
  ir::Value x = b.input("image", {DType::f32, {32, width}});
  for (int i = 0; i < blocks; ++i) {
    const std::string name = fmt::format("block{}", i);
    b.label(name);
    const auto w = b.parameter(name + ".weight", {DType::f32, {width, width}}, {});
    const auto bias = b.parameter(name + ".bias", {DType::f32, {width}}, {});
    const auto y = b(ir::MatMul{false, true}, {x, w});
    x = b(ir::Relu{}, {b(ir::Add{}, {y, b(ir::Broadcast{{1}, b.type(y)}, {bias})})});
  }
  b.output("logits", x);
  return train::with_loss(b.finish(), train::Loss::cross_entropy);
}

void measure(const char* what, const ir::Program& program, const machine::Target& target,
             int blocks) {
  pass::PipelineOptions options;
  options.training = pass::Training{"loss", {pass::Sgd{0.9, 1e-4}}};
  const auto lowered = pass::lower(program, target, options);
  const Seconds start = now();
  const auto plan = pass::plan_memory(lowered.program, target);
  const Seconds planned = now() - start;
  fmt::print("{} {} blocks, {} nodes:", what, blocks, lowered.program.nodes.size());
  for (const auto& step : lowered.steps)
    fmt::print("  {} {} ({} a block)", step.name, to_string(step.seconds),
               to_string(step.seconds / blocks));
  fmt::print("  plan_memory {} ({} a block), arena at {:.3f} of its bound\n", to_string(planned),
             to_string(planned / blocks),
             static_cast<double>(plan.arena_bytes) /
                 static_cast<double>(std::max<std::size_t>(plan.lower_bound, 1)));
}

void measure_all() {
  app::Execution execution;
  execution.threads = 1;
  const auto executor = app::make_executor(execution);
  train::ModelShape shape;
  shape.batch = 128;
  for (const auto* name : {"lenet", "resnet20", "gpt-nano"}) {
    const auto model = train::build_model(name, shape, train::Mode::training);
    measure(name, train::with_loss(model, train::Loss::cross_entropy), executor->target(), 1);
  }
  for (int blocks = 25; blocks <= 400; blocks *= 2)
    measure("chain", chain(blocks), executor->target(), blocks);
}

}  // namespace
}  // namespace gnomon

int main() { gnomon::measure_all(); }
