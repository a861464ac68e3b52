#include "exec/reference/reference.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "exec/reference/interpret.h"
#include "ir/op_info.h"
#include "ir/regions.h"
#include "ir/verify.h"

namespace gnomon::exec {
namespace {

class ReferenceTarget : public machine::Target {
 public:
  std::string_view name() const override { return "reference"; }
  bool fuses(const ir::Program&) const override { return false; }
  std::optional<machine::NodeLayouts> layouts(const ir::Node&, std::span<const ir::Type>,
                                              std::span<const ir::Layout>) const override {
    return std::nullopt;
  }
  bool in_place(const ir::Node&, std::size_t, std::size_t) const override { return false; }

  // A scalar loop with an indirect call per point; only the order of magnitude is meant.
  Seconds time(const ir::Node& node, std::span<const ir::Type> operands) const override {
    const auto cost = ir::cost(node.op, operands, node.results);
    return Seconds((cost.flops.value + cost.bytes.value) * 2e-9);
  }
};

void check_states(const ir::Program& program, States& states) {
  for (const auto& state : program.states) {
    if (!states.contains(state.name))
      throw InputError("{}: state {} is not among the states given", program.name, state.name);
    const auto& given = states.slot(state.name).declared.type;
    if (given != state.type)
      throw InputError("{}: state {} is {}, expected {}", program.name, state.name,
                       ir::to_string(given), ir::to_string(state.type));
  }
}

// All or nothing: what fails part-way leaves poison.
void commit(const std::map<std::string, Tensor>& written, States& states) {
  bool changed = false;
  try {
    for (const auto& [name, value] : written) {
      states.set(name, convert(value, states.slot(name).declared.type.dtype));
      changed = true;
    }
  } catch (...) {
    if (changed) states.poison();
    throw;
  }
}

void hand_over(Tensor& from, Tensor& to) {
  if (to.dtype() == from.dtype() && to.shape() == from.shape())
    std::memcpy(to.data(), from.data(), from.bytes());
  else
    to = std::move(from);
}

}  // namespace

ReferenceExecutable::ReferenceExecutable(ir::Program program, Precision precision)
    : program_(std::move(program)), precision_(precision) {
  ir::verify(program_);
  require_one_rank(program_);
}

const ir::Program& ReferenceExecutable::specialised(const ir::Binding& binding) {
  constexpr std::size_t capacity = 8;
  if (binding.empty()) return program_;
  const auto found = std::find_if(recent_.begin(), recent_.end(),
                                  [&](const Specialised& s) { return s.binding == binding; });
  if (found != recent_.end()) {
    std::rotate(recent_.begin(), found, found + 1);
  } else {
    if (recent_.size() == capacity) recent_.pop_back();
    recent_.insert(recent_.begin(), {binding, ir::specialise(program_, binding)});
  }
  return recent_.front().program;
}

void ReferenceExecutable::run(std::span<const Tensor* const> inputs, States& states,
                              std::vector<Tensor>& outputs) {
  const auto& program = specialised(bind_arguments(program_, inputs));
  check_states(program, states);
  const auto kept = [&](const Tensor& value) {
    return convert(value, kept_as(value.dtype(), precision_));
  };
  std::vector<Tensor> arguments;
  for (const auto* input : inputs) arguments.push_back(kept(*input));
  std::vector<const Tensor*> pointers;
  for (const auto& argument : arguments) pointers.push_back(&argument);

  auto result = reference::interpret(program, pointers, precision_, [&](const std::string& state) {
    return kept(states.get(state));
  });
  points_ = std::move(result.points);
  outputs.resize(result.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) hand_over(result.outputs[i], outputs[i]);
  commit(result.written, states);
}

ReferenceExecutor::ReferenceExecutor(Precision precision)
    : precision_(precision), target_(std::make_unique<ReferenceTarget>()) {}

std::string_view ReferenceExecutor::name() const {
  return precision_ == Precision::native ? "reference" : "reference-f64";
}

std::unique_ptr<Executable> ReferenceExecutor::compile(ir::Program program,
                                                       const CompileOptions& options) {
  if (options.memory)
    throw InputError("{}: the reference executor keeps every value; a memory budget needs cpu",
                     program.name);
  return std::make_unique<ReferenceExecutable>(std::move(program), precision_);
}

}  // namespace gnomon::exec
