#include "exec/cpu/shape_plan.h"

#include <algorithm>

#include "ir/regions.h"
#include "pass/pipeline.h"

namespace gnomon::exec::cpu {
namespace {

ir::Program lower(const ir::Program& program, const ir::Binding& binding, States& states,
                  const machine::Target& target, const std::set<std::string>& without) {
  ir::Program shaped = ir::specialise(program, binding);
  const bool lays_out = !without.contains("layout");
  for (auto& state : shaped.states)
    state.layout = lays_out ? states.slot(state.name).declared.layout : ir::Layout{};
  if (!lays_out)
    for (auto& node : shaped.nodes) node.layouts.clear();
  pass::PipelineOptions options;
  options.without = without;
  return pass::lower(std::move(shaped), target, options).program;
}

// The body keeps to the budget; what the prologue makes lies elsewhere.
std::optional<pass::Recomputation> rematerialise(ir::Program& body, const machine::Target& target,
                                                 const std::optional<pass::MemoryBudget>& budget) {
  if (!budget) return std::nullopt;
  auto made = pass::rematerialise(body, target, *budget);
  body = std::move(made.program);
  return made.recomputation;
}

}  // namespace

ShapePlan::ShapePlan(const ir::Program& program, const ir::Binding& binding, States& states,
                     std::span<const Tensor* const> inputs, const machine::Target& target,
                     const Device& device, int pool, const std::set<std::string>& without,
                     const std::optional<pass::MemoryBudget>& memory)
    : lays_out_(!without.contains("layout")),
      lowered_(lower(program, binding, states, target, without)),
      use_(state_use(lowered_)),
      split_(split_prologue(lowered_)),
      recomputation_(rematerialise(split_.body, target,
                                   without.contains("rematerialise") ? std::nullopt : memory)),
      prologue_(split_.prologue, 0, target, device, pool),
      body_(split_.body, inputs.size(), target, device, pool) {
  for (const auto* input : inputs) shapes_.push_back(input->shape());
  for (const auto& output : lowered_.outputs) {
    const auto& type = lowered_.type(output.value);
    outputs_.emplace_back(type.dtype, ir::bound_shape(type.dims));
  }
  for (const auto& output : split_.prologue.outputs)
    kept_.emplace_back(static_cast<std::size_t>(
        ir::stored_bytes(split_.prologue.type(output.value), split_.prologue.layout(output.value))
            .value));
  bindings_.arguments.resize(inputs.size() + kept_.size());
  bindings_.states.resize(lowered_.states.size());
  bindings_.outputs.resize(std::max(outputs_.size(), kept_.size()));
  versions_.resize(use_.only_read.size());
}

bool ShapePlan::fits(std::span<const Tensor* const> inputs) const {
  return std::equal(
      inputs.begin(), inputs.end(), shapes_.begin(), shapes_.end(),
      [](const Tensor* input, const Shape& shape) { return input->shape() == shape; });
}

bool ShapePlan::accepts(States& states) const {
  return std::all_of(lowered_.states.begin(), lowered_.states.end(), [&](const ir::State& state) {
    const auto& kept = states.slot(state.name).declared.layout;
    return kept == state.layout || kept.is_row_major() || !lays_out_;
  });
}

void ShapePlan::size_outputs(std::vector<Tensor>& outputs) const {
  if (outputs.size() != outputs_.size()) outputs.resize(outputs_.size());
  for (std::size_t o = 0; o < outputs_.size(); ++o)
    if (outputs[o].dtype() != outputs_[o].first || outputs[o].shape() != outputs_[o].second)
      outputs[o] = Tensor(outputs_[o].first, outputs_[o].second);
}

void ShapePlan::bind(std::span<const Tensor* const> inputs, States& states,
                     std::vector<Tensor>& outputs, Buffer& arena) {
  if (arena.size() < arena_bytes()) arena = Buffer(arena_bytes());
  size_outputs(outputs);
  for (std::size_t i = 0; i < lowered_.states.size(); ++i) {
    const auto& state = lowered_.states[i];
    auto& slot = states.slot(state.name);
    if (slot.declared.layout != state.layout) states.keep_in(state.name, state.layout);
    bindings_.states[i] = slot.bytes.data();
  }
  bindings_.arena = arena.data();
  if (is_stale(states)) run_prologue(states);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    bindings_.arguments[i] = const_cast<std::byte*>(inputs[i]->data());
  for (std::size_t i = 0; i < kept_.size(); ++i)
    bindings_.arguments[inputs.size() + i] = kept_[i].data();
  for (std::size_t o = 0; o < outputs.size(); ++o) bindings_.outputs[o] = outputs[o].data();
  body_.bind(bindings_);
}

bool ShapePlan::is_stale(States& states) const {
  if (made_from_ != states.identity()) return true;
  for (std::size_t i = 0; i < versions_.size(); ++i)
    if (versions_[i] != states.slot(use_.only_read[i]).version) return true;
  return false;
}

void ShapePlan::run_prologue(States& states) {
  for (std::size_t i = 0; i < kept_.size(); ++i) bindings_.outputs[i] = kept_[i].data();
  prologue_.bind(bindings_);
  prologue_.refresh();
  prologue_.run();
  body_.refresh();
  made_from_ = states.identity();
  for (std::size_t i = 0; i < versions_.size(); ++i)
    versions_[i] = states.slot(use_.only_read[i]).version;
}

}  // namespace gnomon::exec::cpu
