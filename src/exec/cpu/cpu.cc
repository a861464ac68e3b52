#include "exec/cpu/cpu.h"

#include <omp.h>

#include <algorithm>

#include "base/clock.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/shape_plan.h"
#include "exec/cpu/target.h"
#include "ir/op_info.h"
#include "ir/verify.h"
#include "pass/pipeline.h"
#include "trace/recorder.h"

namespace gnomon::exec {

struct CpuExecutor::Shared {
  explicit Shared(CpuOptions chosen)
      : options(std::move(chosen)), target(device, options.threads) {}

  CpuOptions options;
  cpu::Device device;
  cpu::CpuTarget target;
};

namespace {

using cpu::ShapePlan;

constexpr std::size_t most_shapes = 8;

class Compiled final : public CpuExecutable {
 public:
  template <typename Shared>
  Compiled(ir::Program program, const CompileOptions& compile_options,
           const std::shared_ptr<const Shared>& shared)
      : program_(std::move(program)),
        compile_options_(compile_options),
        device_(shared, &shared->device),
        target_(shared, &shared->target),
        options_(shared->options),
        step_(trace::intern({program_.name, trace::Category::step, {"", ""}})) {
    ir::verify(program_);
    require_one_rank(program_);
  }

  const ir::Program& program() const override { return program_; }

  void run(std::span<const Tensor* const> inputs, States& states,
           std::vector<Tensor>& outputs) override {
    const cpu::PoolSize pool(options_.threads);
    ShapePlan& plan = prepare(inputs, states);
    const trace::Scope scope(step_);
    plan.bind(inputs, states, outputs, arena_);
    try {
      plan.run();
    } catch (...) {
      if (!plan.written().empty()) states.poison();
      throw;
    }
    for (const auto& name : plan.written()) ++states.slot(name).version;
  }

  std::vector<KernelInfo> kernels() const override {
    std::vector<KernelInfo> all;
    if (plans_.empty()) return all;
    for (const bool prologue : {true, false}) {
      const auto& sequence = prologue ? last().prologue() : last().body();
      for (const auto& step : sequence.steps())
        all.push_back({sequence.describe(step), step.kernel->implementation(), step.kernel->why(),
                       step.flops, step.bytes, prologue});
    }
    return all;
  }

  const ir::Program& lowered() const override {
    GNOMON_CHECK(!plans_.empty(), "{} has not run", program_.name);
    return last().lowered();
  }

  Memory memory() const override {
    if (plans_.empty()) return {};
    const auto bytes = [](std::size_t n) { return Bytes(static_cast<double>(n)); };
    const auto& body = last().body();
    return {bytes(body.plan().arena_bytes), bytes(body.plan().lower_bound),
            bytes(body.scratch_bytes())};
  }

  std::optional<pass::Recomputation> recomputation() const override {
    return plans_.empty() ? std::nullopt : last().recomputation();
  }

  std::vector<std::vector<Seconds>> time_kernels(std::span<const Tensor* const> inputs,
                                                 States& states, std::vector<Tensor>& outputs,
                                                 int repetitions) override {
    run(inputs, states, outputs);
    const cpu::PoolSize pool(options_.threads);
    auto& body = plans_.front()->body();
    std::vector<std::vector<Seconds>> times(body.steps().size());
    for (std::size_t k = 0; k < times.size(); ++k)
      for (int i = 0; i < repetitions; ++i) {
        const Seconds start = now();
        body.run_kernel(k);
        times[k].push_back(now() - start);
      }
    states.poison();
    return times;
  }

 private:
  const ShapePlan& last() const { return *plans_.front(); }

  // The plan for these arguments, moved to the front.
  ShapePlan& prepare(std::span<const Tensor* const> inputs, States& states) {
    if (checked_ != states.identity()) check_states(states);
    checked_ = states.identity();
    if (!plans_.empty() && types_fit(inputs)) {
      const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const auto& plan) {
        return plan->fits(inputs) && plan->accepts(states);
      });
      if (found != plans_.end()) {
        std::rotate(plans_.begin(), found, found + 1);
        return *plans_.front();
      }
    }
    const auto binding = bind_arguments(program_, inputs);
    auto plan =
        std::make_unique<ShapePlan>(program_, binding, states, inputs, *target_, *device_,
                                    options_.threads, options_.without, compile_options_.memory);
    std::erase_if(plans_, [&](const auto& old) { return old->fits(inputs); });
    if (plans_.size() == most_shapes) plans_.pop_back();
    plans_.insert(plans_.begin(), std::move(plan));
    return *plans_.front();
  }

  // Element types, which do not depend on the shape.
  bool types_fit(std::span<const Tensor* const> inputs) const {
    std::size_t i = 0;
    for (const auto& node : program_.nodes) {
      const auto* input = std::get_if<ir::Input>(&node.op);
      if (input == nullptr) continue;
      if (i == inputs.size() || inputs[i++]->dtype() != input->type.dtype) return false;
    }
    return i == inputs.size();
  }

  // Names and types, which states keep.
  void check_states(States& states) const {
    for (const auto& state : program_.states) {
      if (!states.contains(state.name))
        throw InputError("{}: state {} is not among the states given", program_.name, state.name);
      const auto& given = states.slot(state.name).declared.type;
      if (given != state.type)
        throw InputError("{}: state {} is {}, expected {}", program_.name, state.name,
                         ir::to_string(given), ir::to_string(state.type));
    }
  }

  ir::Program program_;
  CompileOptions compile_options_;
  std::shared_ptr<const cpu::Device> device_;
  std::shared_ptr<const machine::Target> target_;
  CpuOptions options_;
  trace::Name step_;
  std::shared_ptr<const void> checked_;            // the states seen last
  std::vector<std::unique_ptr<ShapePlan>> plans_;  // the one used last comes first
  Buffer arena_;                                   // of the largest shape so far
};

CpuOptions checked(CpuOptions options) {
  if (options.threads < 1) throw InputError("threads: {}; at least one is needed", options.threads);
  const auto steps = pass::pipeline_steps();
  for (const auto& name : options.without)
    if (std::find(steps.begin(), steps.end(), name) == steps.end())
      throw InputError("pass {}: there is none of this name (known: {})", name,
                       fmt::join(steps, ", "));
  return options;
}

}  // namespace

CpuExecutor::CpuExecutor(CpuOptions options)
    : shared_(std::make_shared<const Shared>(checked(std::move(options)))) {
  omp_set_dynamic(0);
}

CpuExecutor::~CpuExecutor() = default;

const machine::Target& CpuExecutor::target() const { return shared_->target; }

std::unique_ptr<Executable> CpuExecutor::compile(ir::Program program,
                                                 const CompileOptions& options) {
  return compile_cpu(std::move(program), options);
}

std::unique_ptr<CpuExecutable> CpuExecutor::compile_cpu(ir::Program program,
                                                        const CompileOptions& options) {
  return std::make_unique<Compiled>(std::move(program), options, shared_);
}

}  // namespace gnomon::exec
