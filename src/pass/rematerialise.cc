#include "pass/rematerialise.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "ir/op_info.h"
#include "pass/plan_memory.h"
#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

using ir::Node;
using ir::Program;
using ir::Value;

// Of a small value that something is computed from: it stays rather than being computed again.
constexpr double worth_keeping = 1.0 / 8;

bool is_reshape(const Node& node) { return std::holds_alternative<ir::Reshape>(node.op); }

// Whether another execution gives the same value and does nothing else.
bool can_repeat(const Node& node) {
  return !node.results.empty() && !node.inputs.empty() && !ir::has_effect(node.op) &&
         ir::group(node.op).empty() && !is_reshape(node);
}

// A program in which some nodes are computed again. Node n is, if after[n] is set, for every node
// of the source behind number *after[n].
struct Choice {
  explicit Choice(std::size_t nodes) : after(nodes) {}
  std::vector<std::optional<std::uint32_t>> after;
};

struct Derived {
  Program program;
  // Of each node: its number in the source, and that of the node it was appended for, which is its
  // own unless it is a copy.
  struct Origin {
    std::uint32_t node, wanted_by;
    bool is_copy() const { return node != wanted_by; }
  };
  std::vector<Origin> origins;
};

class Derivation {
 public:
  Derivation(const Program& source, const Choice& choice) : source_(source), choice_(choice) {}

  Derived run() {
    derived_.program.name = source_.name;
    derived_.program.states = source_.states;
    for (std::uint32_t i = 0; i < source_.nodes.size(); ++i) append(i, i, originals_);
    for (const auto& output : source_.outputs)
      derived_.program.outputs.push_back({output.name, originals_.at(output.value)});
    return std::move(derived_);
  }

 private:
  using Names = std::map<Value, Value>;

  void append(std::uint32_t index, std::uint32_t wanted_by, Names& names) {
    Node node = source_.nodes[index];
    for (auto& value : node.inputs) value = find(value, wanted_by);
    if (index != wanted_by) node.label += "*";
    const auto at = static_cast<std::uint32_t>(derived_.program.nodes.size());
    for (std::uint32_t r = 0; r < node.results.size(); ++r) names[{index, r}] = {at, r};
    derived_.program.nodes.push_back(std::move(node));
    derived_.origins.push_back({index, wanted_by});
  }

  // What stands for `value` where node `wanted_by` reads it.
  Value find(Value value, std::uint32_t wanted_by) {
    if (!is_copied(value.node, wanted_by)) return originals_.at(value);
    if (!copies_.contains(value)) append(value.node, wanted_by, copies_);
    return copies_.at(value);
  }

  bool is_copied(std::uint32_t index, std::uint32_t wanted_by) const {
    const Node& node = source_.nodes[index];
    if (is_reshape(node)) return is_copied(node.inputs[0].node, wanted_by);
    return choice_.after[index] && wanted_by > *choice_.after[index];
  }

  const Program& source_;
  const Choice& choice_;
  Derived derived_;
  Names originals_, copies_;
};

// When values of a program are read, names by reshape included.
class Reads {
 public:
  explicit Reads(const Program& program) : roots_(program.nodes.size()) {
    for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
      const Node& node = program.nodes[i];
      if (is_reshape(node)) {
        roots_[i] = root(node.inputs[0]);
        continue;
      }
      for (const auto value : node.inputs) reads_[root(value)].push_back(i);
      // A written value stays.
      if (std::holds_alternative<ir::Write>(node.op)) kept_.insert(root(node.inputs[0]));
    }
    for (const auto& output : program.outputs) kept_.insert(root(output.value));
  }

  // The value whose storage it is.
  Value root(Value value) const { return roots_[value.node].value_or(value); }
  bool is_kept(Value root) const { return kept_.contains(root); }

  std::optional<std::uint32_t> next(Value root, std::uint32_t from) const {
    const auto found = reads_.find(root);
    if (found == reads_.end()) return std::nullopt;
    const auto at = std::lower_bound(found->second.begin(), found->second.end(), from);
    return at == found->second.end() ? std::nullopt : std::optional(*at);
  }
  std::uint32_t last(Value root) const {
    const auto found = reads_.find(root);
    return found == reads_.end() ? root.node : found->second.back();
  }

 private:
  std::vector<std::optional<Value>> roots_;  // of reshapes
  std::map<Value, std::vector<std::uint32_t>> reads_;
  std::set<Value> kept_;
};

// What could be dropped where a program's memory is fullest.
class Candidates {
 public:
  Candidates(const Derived& derived, const MemoryPlan& plan, const Choice& choice,
             const std::vector<Seconds>& times)
      : derived_(derived),
        plan_(plan),
        choice_(choice),
        times_(times),
        reads_(derived.program),
        peak_(std::min(plan.peak, static_cast<std::uint32_t>(derived.origins.size() - 1))),
        peak_end_(peak_) {
    // Copies are followed by the node that wants them.
    while (derived_.origins[peak_end_].is_copy()) ++peak_end_;
  }

  // The nodes to compute again, as numbers of the source; empty if there are none.
  std::set<std::uint32_t> best() const {
    std::set<std::uint32_t> best;
    double most = 0;
    for (std::uint32_t i = 0; i < peak_; ++i) {
      const double freed = bytes_freed(i);
      if (freed == 0) continue;
      Repetition repetition{{}, freed, 0, Seconds(0)};
      repeat(i, repetition);
      if (repetition.freed <= 0) continue;
      if (const double worth = worth_of(repetition); worth > most) {
        most = worth;
        best = std::move(repetition.nodes);
      }
    }
    return best;
  }

  // Behind which node of the source they are.
  std::uint32_t after() const { return derived_.origins[peak_end_].node; }

 private:
  struct Repetition {
    std::set<std::uint32_t> nodes;
    double freed;   // bytes, less what must be kept for it
    double copied;  // bytes of what is computed again anyway, and would be for this too
    Seconds time;
  };

  // Bytes a second. Long chains of copies are alive together when the backward pass reaches them:
  // what lies between them is better kept.
  static double worth_of(const Repetition& repetition) {
    return repetition.freed / repetition.time.value * repetition.freed /
           (repetition.freed + repetition.copied);
  }

  bool is_ours(std::uint32_t index) const {
    return !derived_.origins[index].is_copy() && can_repeat(derived_.program.nodes[index]);
  }

  // Of the results of a node that are only waiting at the peak.
  double bytes_freed(std::uint32_t index) const {
    double freed = 0;
    if (!is_ours(index) || choice_.after[derived_.origins[index].node]) return 0;
    for (std::uint32_t r = 0; r < derived_.program.nodes[index].results.size(); ++r) {
      const Value value{index, r};
      const auto next = reads_.next(value, peak_);
      if (next && *next > peak_end_ && is_in_arena(value) && !reads_.is_kept(value))
        freed += bytes(value);
    }
    return freed;
  }

  // Adds the node, and what it needs that is no longer there.
  void repeat(std::uint32_t index, Repetition& repetition) const {
    const auto source = derived_.origins[index].node;
    if (!repetition.nodes.insert(source).second) return;
    if (choice_.after[source])
      for (std::uint32_t r = 0; r < derived_.program.nodes[index].results.size(); ++r)
        repetition.copied += bytes({index, r});
    else
      repetition.time += times_[source];
    for (const auto operand : derived_.program.nodes[index].inputs) {
      const Value value = reads_.root(operand);
      if (!is_in_arena(value) || reads_.last(value) >= peak_) continue;
      const bool is_copied = choice_.after[derived_.origins[value.node].node].has_value();
      if (!is_ours(value.node) || (!is_copied && bytes(value) < worth_keeping * repetition.freed))
        repetition.freed -= bytes(value);
      else
        repeat(value.node, repetition);
    }
  }

  bool is_in_arena(Value value) const { return plan_.at(value).place == Place::arena; }
  double bytes(Value value) const { return static_cast<double>(plan_.at(value).bytes); }

  const Derived& derived_;
  const MemoryPlan& plan_;
  const Choice& choice_;
  const std::vector<Seconds>& times_;
  const Reads reads_;
  std::uint32_t peak_, peak_end_;
};

Bytes as_bytes(std::size_t n) { return Bytes(static_cast<double>(n)); }

}  // namespace

Rematerialised rematerialise(const Program& program, const machine::Target& target,
                             const MemoryBudget& budget) {
  std::vector<Seconds> times;
  Seconds time;
  for (const auto& node : program.nodes) {
    times.push_back(target.time(node, operand_types(program, node)));
    time += times.back();
  }
  const Bytes before = as_bytes(plan_memory(program, target).arena_bytes);
  Rematerialised best{program, {before, before, time, Seconds(0), 0}};
  const bool must_fit = budget.bytes.value > 0;
  Choice choice(program.nodes.size());
  Derived derived = Derivation(program, choice).run();
  while (!must_fit || best.recomputation.after > budget.bytes) {
    const MemoryPlan plan = plan_memory(derived.program, target);
    Recomputation now{before, as_bytes(plan.arena_bytes), time, Seconds(0), 0};
    for (const auto& origin : derived.origins)
      if (origin.is_copy()) now.extra += times[origin.node], ++now.nodes;
    if (!must_fit && now.extra > budget.most_extra_time * time) break;
    if (now.after < best.recomputation.after) best = {derived.program, now};
    const Candidates candidates(derived, plan, choice, times);
    const auto nodes = candidates.best();
    if (nodes.empty()) break;
    for (const auto node : nodes)
      choice.after[node] =
          std::min(choice.after[node].value_or(candidates.after()), candidates.after());
    derived = Derivation(program, choice).run();
  }
  if (must_fit && best.recomputation.after > budget.bytes)
    throw InputError("{}: values cannot be kept in {} of memory; the least that was found is {}",
                     program.name, to_string(budget.bytes), to_string(best.recomputation.after));
  return best;
}

}  // namespace gnomon::pass
