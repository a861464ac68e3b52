#include "pass/plan_memory.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "ir/op_info.h"
#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

using ir::Program;
using ir::Value;

constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Values that share storage: alive from node `first` to node `last`, both included.
struct Storage {
  std::uint32_t first = 0, last = 0;
  Placement placement;
  std::size_t room = 0;  // bytes, aligned
  std::optional<std::size_t> merged_into;
};

class Planner {
 public:
  Planner(const Program& program, const machine::Target& target)
      : program_(program),
        target_(target),
        end_(static_cast<std::uint32_t>(program.nodes.size())) {}

  MemoryPlan run(bool lays_out) {
    make_storages();
    extend_lives();
    use_state_slots();
    use_output_tensors();
    overwrite_operands();
    MemoryPlan plan;
    const auto peak = fullest();
    plan.lower_bound = static_cast<std::size_t>(peak.bytes);
    plan.peak = peak.node;
    plan.at_peak = alive_at(peak.node);
    if (lays_out) plan.arena_bytes = pack();
    for (std::uint32_t i = 0; i < end_; ++i) {
      plan.values.emplace_back();
      for (std::uint32_t r = 0; r < node(i).results.size(); ++r) {
        plan.values[i].push_back(storage({i, r}).placement);
        plan.values[i].back().bytes = bytes({i, r});
      }
    }
    return plan;
  }

 private:
  const ir::Node& node(std::uint32_t index) const { return program_.nodes[index]; }
  Storage& storage(Value value) {
    auto index = storage_of_[value.node][value.result];
    while (storages_[index].merged_into) index = *storages_[index].merged_into;
    return storages_[index];
  }

  std::size_t bytes(Value value) const {
    return static_cast<std::size_t>(
        ir::stored_bytes(program_.type(value), program_.layout(value)).value);
  }

  // ---- what shares storage, and where it must be

  void make_storages() {
    std::size_t arguments = 0;
    for (std::size_t i = 0; i < program_.states.size(); ++i)
      state_index_[program_.states[i].name] = i;
    reads_.resize(program_.states.size());
    for (std::uint32_t i = 0; i < end_; ++i) {
      storage_of_.emplace_back();
      if (ir::is_view(program_, node(i))) {
        const Value operand = node(i).inputs[0];
        storage_of_[i].push_back(storage_of_[operand.node][operand.result]);
        continue;
      }
      for (std::uint32_t r = 0; r < node(i).results.size(); ++r) {
        storage_of_[i].push_back(storages_.size());
        storages_.push_back({i, i, {}, aligned(bytes({i, r})), {}});
      }
      if (node(i).results.empty()) continue;
      Placement& placement = storages_.back().placement;
      if (std::holds_alternative<ir::Input>(node(i).op)) {
        placement = {Place::argument, arguments++, 0, 0};
      } else if (const auto* read = std::get_if<ir::Read>(&node(i).op)) {
        placement = {Place::state, state_index_.at(read->state), 0, 0};
        reads_[placement.index] = Value{i, 0};
      } else if (ir::is_constant(node(i).op)) {
        placement = {Place::constant, i, 0, 0};
      }
    }
  }

  void extend_lives() {
    for (std::uint32_t i = 0; i < end_; ++i)
      for (const auto value : node(i).inputs)
        storage(value).last = std::max(storage(value).last, i);
    for (const auto& output : program_.outputs) storage(output.value).last = end_;
    // What is written but already has a place is copied when the run ends.
    for (const auto& n : program_.nodes)
      if (std::holds_alternative<ir::Write>(n.op))
        if (Storage& s = storage(n.inputs[0]); s.placement.place != Place::arena) s.last = end_;
  }

  // ---- results made where they end up

  void use_state_slots() {
    for (std::uint32_t i = 0; i < end_; ++i)
      if (const auto* write = std::get_if<ir::Write>(&node(i).op)) use_slot(*write, i);
  }

  void use_slot(const ir::Write& write, std::uint32_t at) {
    const Value value = node(at).inputs[0];
    Storage& made = storage(value);
    const std::size_t state = state_index_.at(write.state);
    const bool fits = made.placement.place == Place::arena &&
                      program_.layout(value) == program_.states[state].layout &&
                      bytes(value) == bytes_of_state(state);
    if (fits && slot_is_free(state, made)) made.placement = {Place::state, state, 0, 0};
    made.last = end_;
  }

  std::size_t bytes_of_state(std::size_t index) const {
    const ir::State& state = program_.states[index];
    return static_cast<std::size_t>(ir::stored_bytes(state.type, state.layout).value);
  }

  bool slot_is_free(std::size_t state, const Storage& made) {
    if (!reads_[state]) return true;
    const Storage& old = storage(*reads_[state]);
    if (old.last < made.first) return true;
    return old.last == made.first && may_overwrite(made.first, result_of(made), &old);
  }

  // Which result of its first node a storage is.
  std::uint32_t result_of(const Storage& made) const {
    const auto& results = storage_of_[made.first];
    const auto index = static_cast<std::size_t>(&made - storages_.data());
    return static_cast<std::uint32_t>(std::find(results.begin(), results.end(), index) -
                                      results.begin());
  }

  // Whether a result may lie over the one operand that is in `old`.
  bool may_overwrite(std::uint32_t at, std::uint32_t result, const Storage* old) {
    std::optional<std::size_t> operand;
    for (std::size_t i = 0; i < node(at).inputs.size(); ++i) {
      if (&storage(node(at).inputs[i]) != old) continue;
      if (operand) return false;  // also read as something else
      operand = i;
    }
    return operand && bytes(node(at).inputs[*operand]) == bytes({at, result}) &&
           target_.in_place(node(at), *operand, result);
  }

  void use_output_tensors() {
    for (std::size_t o = 0; o < program_.outputs.size(); ++o) {
      Storage& made = storage(program_.outputs[o].value);
      if (made.placement.place == Place::arena &&
          program_.layout(program_.outputs[o].value).is_row_major())
        made.placement = {Place::output, o, 0, 0};
    }
  }

  void overwrite_operands() {
    for (std::uint32_t i = 0; i < end_; ++i) {
      if (ir::is_view(program_, node(i))) continue;
      std::set<const Storage*> taken;  // by other results of the node
      for (std::uint32_t r = 0; r < node(i).results.size(); ++r) overwrite_operand(i, r, taken);
    }
  }

  void overwrite_operand(std::uint32_t at, std::uint32_t result, std::set<const Storage*>& taken) {
    Storage& made = storage({at, result});
    if (made.placement.place != Place::arena) return;
    for (const auto value : node(at).inputs) {
      Storage& old = storage(value);
      if (old.placement.place != Place::arena || old.last != at || taken.contains(&old) ||
          !may_overwrite(at, result, &old))
        continue;
      taken.insert(&old);
      old.last = made.last;
      made.merged_into = static_cast<std::size_t>(&old - storages_.data());
      return;
    }
  }

  // ---- the arena

  struct Peak {
    std::uint32_t node = 0;
    double bytes = 0;
  };

  Peak fullest() const {
    std::vector<double> change(end_ + 2, 0);
    for (const auto& s : storages_) {
      if (s.placement.place != Place::arena || s.merged_into) continue;
      change[s.first] += static_cast<double>(s.room);
      change[std::min(s.last, end_) + 1] -= static_cast<double>(s.room);
    }
    Peak peak;
    double alive = 0;
    for (std::uint32_t i = 0; i <= end_; ++i)
      if (alive += change[i]; alive > peak.bytes) peak = {i, alive};
    return peak;
  }

  std::vector<Value> alive_at(std::uint32_t when) {
    std::vector<Value> values;
    std::set<const Storage*> seen;
    for (std::uint32_t i = 0; i < end_; ++i)
      for (std::uint32_t r = 0; r < node(i).results.size(); ++r) {
        const Storage& s = storage({i, r});
        if (s.placement.place == Place::arena && s.first <= when && when <= s.last &&
            seen.insert(&s).second)
          values.push_back({i, r});
      }
    return values;
  }

  std::size_t pack() {
    std::vector<Storage*> open;
    for (auto& s : storages_)
      if (s.placement.place == Place::arena && !s.merged_into) open.push_back(&s);
    std::stable_sort(open.begin(), open.end(),
                     [](const Storage* a, const Storage* b) { return a->room > b->room; });
    std::vector<const Storage*> placed;
    std::size_t arena = 0;
    for (auto* s : open) {
      s->placement.offset = best_gap(*s, placed);
      arena = std::max(arena, s->placement.offset + s->room);
      const auto after = std::upper_bound(
          placed.begin(), placed.end(), s->placement.offset,
          [](std::size_t offset, const Storage* p) { return offset < p->placement.offset; });
      placed.insert(after, s);
    }
    return arena;
  }

  // The smallest gap that holds it between those alive at the same time; behind them if none does.
  // `placed` is sorted by offset.
  static std::size_t best_gap(const Storage& s, const std::vector<const Storage*>& placed) {
    std::size_t end = 0, best = 0, smallest = SIZE_MAX;
    for (const auto* p : placed) {
      if (p->last < s.first || s.last < p->first) continue;
      if (p->placement.offset >= end + s.room && p->placement.offset - end < smallest)
        best = end, smallest = p->placement.offset - end;
      end = std::max(end, p->placement.offset + p->room);
    }
    return smallest == SIZE_MAX ? end : best;
  }

  const Program& program_;
  const machine::Target& target_;
  const std::uint32_t end_;  // the time behind the last node, when outputs and writes are delivered
  std::vector<Storage> storages_;
  std::vector<std::vector<std::size_t>> storage_of_;  // [node][result]
  std::vector<std::optional<Value>> reads_;           // by state
  std::map<std::string, std::size_t> state_index_;
};

}  // namespace

MemoryPlan plan_memory(const Program& program, const machine::Target& target) {
  return Planner(program, target).run(true);
}

MemoryPlan plan_lives(const Program& program, const machine::Target& target) {
  return Planner(program, target).run(false);
}

std::string_view name(Place place) {
  switch (place) {
    case Place::arena:
      return "arena";
    case Place::state:
      return "state";
    case Place::argument:
      return "argument";
    case Place::output:
      return "output";
    case Place::constant:
      return "constant";
  }
  return "?";
}

std::string to_string(const MemoryPlan& plan, const Program& program) {
  std::string text;
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    for (std::uint32_t r = 0; r < program.nodes[i].results.size(); ++r) {
      const Placement& p = plan.at({i, r});
      std::string where(name(p.place));
      if (p.place == Place::arena) where += fmt::format(" +{}", p.offset);
      if (p.place == Place::state) where += " " + program.states[p.index].name;
      if (p.place == Place::output) where += " " + program.outputs[p.index].name;
      if (p.place == Place::argument) where += fmt::format(" {}", p.index);
      text += fmt::format("%{}{} {} {}: {} bytes, {}\n", i, r == 0 ? "" : fmt::format(".{}", r),
                          ir::name(program.nodes[i].op), ir::to_string(program.type({i, r})),
                          p.bytes, where);
    }
  return text + fmt::format("arena: {} bytes; alive at once: {} bytes\n", plan.arena_bytes,
                            plan.lower_bound);
}

}  // namespace gnomon::pass
