#include "pass/pipeline.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/nearest.h"
#include "ir/verify.h"
#include "pass/fuse.h"
#include "pass/gradient.h"
#include "pass/layout.h"
#include "pass/mixed_precision.h"
#include "pass/simplify.h"

namespace gnomon::pass {
namespace {

using ir::Program;

void check_step(const std::string& step) {
  const auto steps = pipeline_steps();
  if (std::find(steps.begin(), steps.end(), step) == steps.end())
    throw InputError("pass {}: there is no such pass; {}", step, suggest(step, steps));
}

class Pipeline {
 public:
  Pipeline(Program program, const PipelineOptions& options)
      : options_(options), lowered_{std::move(program), {}, {}} {
    for (const auto& step : options.without) check_step(step);
    if (!options.after.empty()) check_step(options.after);
    if (options.precision != DType::f32 && options.precision != DType::bf16)
      throw InputError("precision {}: programs are lowered to f32 or bf16",
                       gnomon::name(options.precision));
  }

  template <typename Pass>
  void step(const std::string& name, bool wanted, Pass&& pass) {
    if (wanted && !finished_ && !options_.without.contains(name)) take(name, pass);
    finished_ = finished_ || name == options_.after;
  }

  Lowered finish() { return std::move(lowered_); }

 private:
  template <typename Pass>
  void take(const std::string& name, Pass&& pass) {
    const Seconds start = now();
    Program next = pass(lowered_.program);
    const Seconds seconds = now() - start;
    try {
      ir::verify(next);
    } catch (const InputError& error) {
      throw InternalError(fmt::format("pass {} broke the program: {}", name, error.what()));
    }
    const bool changed = next != lowered_.program;
    lowered_.program = std::move(next);
    lowered_.steps.push_back({name, seconds, changed});
    if (changed && options_.changed) options_.changed(name, lowered_.program);
  }

  const PipelineOptions& options_;
  Lowered lowered_;
  bool finished_ = false;
};

}  // namespace

Lowered lower(Program program, const machine::Target& target, const PipelineOptions& options) {
  ir::verify(program);
  Pipeline p(std::move(program), options);

  // Before gradient, so that conversions are differentiated and weight gradients end in f32.
  const bool narrow = options.precision == DType::bf16;
  p.step("mixed_precision", narrow, [](const Program& x) { return mixed_precision(x); });

  // On the program as written: neither regions nor layouts can be differentiated.
  const bool train = options.training.has_value();
  p.step("gradient", train, [&](const Program& x) { return gradient(x, options.training->loss); });
  p.step("update", train, [&](const Program& x) { return update(x, options.training->update); });

  // Before fuse: rules do not see through the walls of a region.
  p.step("simplify", true, [](const Program& x) { return simplify(x); });

  // Before layout: a region has one answer about layouts, and needs no reorder inside.
  p.step("fuse", true, [&](const Program& x) { return fuse(x, target); });
  p.step("layout", true, [&](const Program& x) { return layout(x, target); });

  // On what will run: a copy of a node gives the same bits.
  std::optional<Recomputation> recomputation;
  p.step("rematerialise", options.memory.has_value(), [&](const Program& x) {
    auto made = rematerialise(x, target, *options.memory);
    recomputation = made.recomputation;
    return std::move(made.program);
  });

  Lowered lowered = p.finish();
  lowered.recomputation = recomputation;
  return lowered;
}

std::vector<std::string> pipeline_steps() {
  return {"mixed_precision", "gradient", "update", "simplify", "fuse", "layout", "rematerialise"};
}

}  // namespace gnomon::pass
