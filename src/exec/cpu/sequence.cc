#include "exec/cpu/sequence.h"

#include <algorithm>
#include <cstring>

#include "exec/cpu/kernels.h"
#include "exec/cpu/prologue.h"
#include "exec/layout_conversion.h"
#include "exec/reference/evaluate.h"
#include "ir/op_info.h"
#include "trace/recorder.h"

namespace gnomon::exec::cpu {
namespace {

using pass::Place;
using pass::Placement;

constexpr std::size_t alignment = 64;

// Nodes that the memory plan carries out.
bool needs_kernel(const ir::Program& program, const ir::Node& node) {
  return !std::holds_alternative<ir::Input>(node.op) &&
         !std::holds_alternative<ir::Read>(node.op) &&
         !std::holds_alternative<ir::Write>(node.op) && !ir::is_constant(node.op) &&
         !ir::is_view(program, node);
}

std::string described(const ir::Node& node) {
  return node.label.empty() ? std::string(ir::name(node.op))
                            : fmt::format("{} {}", node.label, ir::name(node.op));
}

// "conv1 convolution [jit:avx512_core]": what, and how it is carried out.
trace::Name trace_name(const ir::Node& node, const Kernel& kernel) {
  return trace::intern({fmt::format("{} [{}]", described(node), kernel.implementation()),
                        trace::Category::operation,
                        {"flops", "bytes"}});
}

bool same_place(const Placement& a, const Placement& b) {
  return a.place == b.place && a.index == b.index && a.offset == b.offset;
}

}  // namespace

Sequence::Sequence(const ir::Program& program, std::size_t first_constant,
                   const machine::Target& target, const Device& device, int pool)
    : program_(program), plan_(pass::plan_memory(program, target)) {
  make_constants();
  make_steps(first_constant, device, pool);
  make_copies();
  if (trace::recording()) record_peak();
  scratch_at_ = (plan_.arena_bytes + alignment - 1) / alignment * alignment;
}

Stored Sequence::stored(ir::Value value) const {
  return {program_.type(value), program_.layout(value)};
}

void Sequence::make_constants() {
  constants_.resize(program_.nodes.size());
  for (std::uint32_t i = 0; i < program_.nodes.size(); ++i) {
    const auto& node = program_.nodes[i];
    if (!ir::is_constant(node.op)) continue;
    constants_[i] = from_row_major(evaluate_node(node, {})[0], program_.layout({i, 0}));
  }
}

void Sequence::make_steps(std::size_t first_constant, const Device& device, int pool) {
  const auto use = state_use(program_);
  const auto is_constant = [&](const Placement& p) {
    if (p.place == Place::constant) return true;
    if (p.place == Place::argument) return p.index >= first_constant;
    return p.place == Place::state && std::find(use.written.begin(), use.written.end(),
                                                program_.states[p.index].name) == use.written.end();
  };
  for (std::uint32_t i = 0; i < program_.nodes.size(); ++i) {
    const auto& node = program_.nodes[i];
    if (!needs_kernel(program_, node)) continue;
    Site site{node, {}, {}, pool};
    Step step{nullptr, i, places_.size(), places_.size() + node.inputs.size(), {}, {}, {}};
    std::vector<ir::Type> operands;
    for (const auto value : node.inputs) {
      places_.push_back(plan_.at(value));
      site.operands.push_back(stored(value));
      site.operands.back().constant = is_constant(plan_.at(value));
      operands.push_back(program_.type(value));
    }
    for (std::uint32_t r = 0; r < node.results.size(); ++r) {
      places_.push_back(plan_.at({i, r}));
      site.results.push_back(stored({i, r}));
    }
    const auto cost = ir::cost(node.op, operands, node.results);
    step.kernel = make_kernel(site, device);
    step.flops = step.kernel->flops(cost.flops);
    step.bytes = cost.bytes;
    step.name = trace_name(node, *step.kernel);
    scratch_bytes_ = std::max(scratch_bytes_, step.kernel->scratch_bytes());
    steps_.push_back(std::move(step));
  }
  addresses_.resize(places_.size());
}

// Outputs first: one may be the old value of a state. Then old values that become other states' are
// put aside, before any state changes: states may be swapped.
void Sequence::make_copies() {
  std::vector<Copy> to_states;
  for (std::size_t o = 0; o < program_.outputs.size(); ++o)
    add_copy(plan_.at(program_.outputs[o].value), {Place::output, o}, copies_);
  for (const auto& node : program_.nodes) {
    const auto* write = std::get_if<ir::Write>(&node.op);
    if (write == nullptr) continue;
    const auto state =
        static_cast<std::size_t>(program_.state(write->state) - program_.states.data());
    Placement from = plan_.at(node.inputs[0]);
    if (from.place == Place::state && from.index != state) {
      constants_.emplace_back(from.bytes);
      const Placement aside{Place::constant, constants_.size() - 1, 0, from.bytes};
      add_copy(from, aside, copies_);
      from = aside;
    }
    add_copy(from, {Place::state, state}, to_states);
  }
  copies_.insert(copies_.end(), to_states.begin(), to_states.end());
}

void Sequence::add_copy(const Placement& from, Placement to, std::vector<Copy>& copies) {
  to.bytes = from.bytes;
  if (!same_place(from, to) && from.bytes != 0) copies.push_back({from, to});
}

std::byte* Sequence::resolve(const Placement& placement, const Bindings& bindings) {
  switch (placement.place) {
    case Place::arena:
      return bindings.arena + placement.offset;
    case Place::state:
      return bindings.states[placement.index];
    case Place::argument:
      return bindings.arguments[placement.index];
    case Place::output:
      return bindings.outputs[placement.index];
    case Place::constant:
      return constants_[placement.index].data();
  }
  return nullptr;
}

std::string Sequence::describe(const Step& step) const {
  return described(program_.nodes[step.node]);
}

// Who holds the arena when it is fullest; with its size, by which a reader tells programs apart.
void Sequence::record_peak() const {
  for (const auto value : plan_.at_peak) {
    const std::string text =
        fmt::format("alive at the peak: %{} {} {}", value.node,
                    described(program_.nodes[value.node]), ir::to_string(program_.type(value)));
    trace::instant(trace::intern({text, trace::Category::phase, {"bytes", "arena"}}),
                   static_cast<std::int64_t>(plan_.at(value).bytes),
                   static_cast<std::int64_t>(plan_.arena_bytes));
  }
}

void Sequence::bind(const Bindings& bindings) {
  for (std::size_t i = 0; i < places_.size(); ++i) addresses_[i] = resolve(places_[i], bindings);
  for (auto& copy : copies_) {
    copy.source = resolve(copy.from, bindings);
    copy.target = resolve(copy.to, bindings);
  }
  scratch_ = bindings.arena + scratch_at_;
}

void Sequence::run_step(const Step& step) {
  const trace::Scope scope(step.name, static_cast<std::int64_t>(step.flops.value),
                           static_cast<std::int64_t>(step.bytes.value));
  step.kernel->run(
      {addresses_.data() + step.first_operand, addresses_.data() + step.first_result, scratch_});
}

void Sequence::run() {
  for (const auto& step : steps_) run_step(step);
  for (const auto& copy : copies_) std::memcpy(copy.target, copy.source, copy.from.bytes);
}

void Sequence::refresh() {
  for (auto& step : steps_) step.kernel->refresh();
}

}  // namespace gnomon::exec::cpu
