#include "exec/states.h"

#include <algorithm>

#include "base/random.h"
#include "exec/layout_conversion.h"

namespace gnomon::exec {
namespace {

Tensor initial_value(const ir::State& state, std::uint64_t seed) {
  Tensor value(DType::f64, ir::bound_shape(state.type.dims));
  const Random random(seed, state.name);
  const double scale = state.initial.scale;
  std::uint64_t index = 0;
  for (auto& element : value.span<double>()) {
    switch (state.initial.kind) {
      case ir::Initial::Kind::constant:
        element = scale;
        break;
      case ir::Initial::Kind::uniform:
        element = scale * (2 * random.uniform(index) - 1);
        break;
      case ir::Initial::Kind::normal:
        element = scale * random.normal(index);
        break;
    }
    ++index;
  }
  return convert(value, state.type.dtype);
}

Tensor row_major(const States::Slot& slot) {
  return to_row_major({slot.bytes.data(), slot.bytes.size()}, slot.declared.type.dtype,
                      ir::bound_shape(slot.declared.type.dims), slot.declared.layout);
}

}  // namespace

States::States(const ir::Program& program, std::uint64_t seed) {
  for (const auto& state : program.states) {
    if (!ir::is_static(state.type.dims))
      throw InputError("state {}: {} has a symbol; the extents of a state are integers", state.name,
                       ir::to_string(state.type));
    slots_[state.name] = {state, from_row_major(initial_value(state, seed), state.layout), 0};
  }
}

Tensor States::get(const std::string& name) const {
  const auto found = slots_.find(name);
  if (found == slots_.end()) throw InputError("state {}: there is none of this name", name);
  require_sound(name);
  return row_major(found->second);
}

void States::require_sound(const std::string& name) const {
  if (poisoned())
    throw InputError(
        "state {}: a run failed and may have destroyed the states; restore them from a snapshot "
        "({} of {} still to be restored)",
        name, to_restore_.size(), slots_.size());
}

void States::set(const std::string& name, const Tensor& value) {
  const auto found = slots_.find(name);
  if (found == slots_.end()) throw InputError("state {}: there is none of this name", name);
  Slot& state = found->second;
  const ir::Type given{value.dtype(), {value.shape().begin(), value.shape().end()}};
  if (given != state.declared.type)
    throw InputError("state {}: is {}, cannot be set to {}", name,
                     ir::to_string(state.declared.type), ir::to_string(given));
  state.bytes = from_row_major(value, state.declared.layout);
  ++state.version;
  std::erase(to_restore_, name);
}

std::vector<std::string> States::names() const {
  std::vector<std::string> all;
  for (const auto& entry : slots_) all.push_back(entry.first);
  return all;
}

States::Slot& States::slot(const std::string& name) {
  const auto found = slots_.find(name);
  GNOMON_CHECK(found != slots_.end(), "state {} is not allocated", name);
  require_sound(name);
  return found->second;
}

void States::keep_in(const std::string& name, const ir::Layout& layout) {
  Slot& state = slot(name);
  if (state.declared.layout == layout) return;
  state.bytes = from_row_major(row_major(state), layout);
  state.declared.layout = layout;
  ++state.version;
}

void States::poison() { to_restore_ = names(); }

}  // namespace gnomon::exec
