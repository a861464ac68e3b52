#include "pass/rematerialise.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

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

// Whether another execution gives the same value and does nothing else.
bool can_repeat(const Program& program, const Node& node) {
  return !node.results.empty() && !node.inputs.empty() && !ir::has_effect(node.op) &&
         ir::group(node.op).empty() && !ir::is_view(program, node);
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
  // own unless it was put off.
  struct Origin {
    std::uint32_t node, wanted_by;
    bool repeats = false;  // it is computed before, too
    bool is_put_off() const { return node != wanted_by; }
  };
  std::vector<Origin> origins;
};

class Derivation {
 public:
  Derivation(const Program& source, const Choice& choice)
      : source_(source),
        choice_(choice),
        original_(source.nodes.size(), nowhere),
        copy_(source.nodes.size(), nowhere) {}

  Derived run() {
    derived_.program.name = source_.name;
    derived_.program.states = source_.states;
    for (std::uint32_t i = 0; i < source_.nodes.size(); ++i) append(i, i, original_);
    for (const auto& output : source_.outputs)
      derived_.program.outputs.push_back(
          {output.name, {original_[output.value.node], output.value.result}});
    remove_what_is_not_read();
    return std::move(derived_);
  }

 private:
  static constexpr std::uint32_t nowhere = UINT32_MAX;
  using Places = std::vector<std::uint32_t>;  // in the derived program, by node of the source

  void append(std::uint32_t index, std::uint32_t wanted_by, Places& places) {
    Node node = source_.nodes[index];
    for (auto& value : node.inputs) value = find(value, wanted_by);
    places[index] = static_cast<std::uint32_t>(derived_.program.nodes.size());
    derived_.program.nodes.push_back(std::move(node));
    derived_.origins.push_back({index, wanted_by});
  }

  // What stands for `value` where node `wanted_by` reads it.
  Value find(Value value, std::uint32_t wanted_by) {
    if (!is_copied(value.node, wanted_by)) return {original_[value.node], value.result};
    if (copy_[value.node] == nowhere) append(value.node, wanted_by, copy_);
    return {copy_[value.node], value.result};
  }

  bool is_copied(std::uint32_t index, std::uint32_t wanted_by) const {
    const Node& node = source_.nodes[index];
    if (ir::is_view(source_, node)) return is_copied(node.inputs[0].node, wanted_by);
    return choice_.after[index] && wanted_by > *choice_.after[index];
  }

  // A node that is wanted by copies alone is not computed twice but later.
  void remove_what_is_not_read() {
    Program& program = derived_.program;
    std::vector<bool> wanted(program.nodes.size());
    for (const auto& output : program.outputs) wanted[output.value.node] = true;
    for (std::size_t i = program.nodes.size(); i-- > 0;) {
      const Node& node = program.nodes[i];
      // What nothing read in the source stays, too: it is not ours to judge.
      const bool was_there =
          !choice_.after[derived_.origins[i].node] && !ir::is_view(program, node);
      wanted[i] = wanted[i] || was_there;
      if (wanted[i])
        for (const auto value : node.inputs) wanted[value.node] = true;
    }
    Places moved(program.nodes.size(), nowhere);
    std::vector<bool> has_original(source_.nodes.size());
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
      if (!wanted[i]) continue;
      auto origin = derived_.origins[i];
      Node node = std::move(program.nodes[i]);
      for (auto& value : node.inputs) value.node = moved[value.node];
      if (!origin.is_put_off()) has_original[origin.node] = true;
      origin.repeats = origin.is_put_off() && has_original[origin.node];
      if (origin.repeats) node.label += "*";
      moved[i] = kept;
      derived_.origins[kept] = origin;
      program.nodes[kept++] = std::move(node);
    }
    program.nodes.resize(kept);
    derived_.origins.resize(kept);
    for (auto& output : program.outputs) output.value.node = moved[output.value.node];
  }

  const Program& source_;
  const Choice& choice_;
  Derived derived_;
  Places original_, copy_;
};

// When values of a program are read, through views as well.
class Reads {
 public:
  explicit Reads(const Program& program) {
    for (const auto& node : program.nodes) {
      first_.push_back(static_cast<std::uint32_t>(roots_.size()));
      roots_.resize(roots_.size() + node.results.size());
    }
    reads_.resize(roots_.size());
    kept_.resize(roots_.size());
    for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
      const Node& node = program.nodes[i];
      const bool is_view = ir::is_view(program, node);
      for (std::uint32_t r = 0; r < node.results.size(); ++r)
        roots_[number({i, r})] = is_view ? root(node.inputs[0]) : Value{i, r};
      if (is_view) continue;
      for (const auto value : node.inputs) reads_[number(root(value))].push_back(i);
      // A written value stays.
      if (std::holds_alternative<ir::Write>(node.op)) kept_[number(root(node.inputs[0]))] = true;
    }
    for (const auto& output : program.outputs) kept_[number(root(output.value))] = true;
  }

  // The value whose storage it is.
  Value root(Value value) const { return roots_[number(value)]; }
  // To the end of the program.
  bool is_kept(Value root) const { return kept_[number(root)]; }

  std::optional<std::uint32_t> next(Value root, std::uint32_t from) const {
    const auto& reads = reads_[number(root)];
    const auto at = std::lower_bound(reads.begin(), reads.end(), from);
    return at == reads.end() ? std::nullopt : std::optional(*at);
  }
  std::uint32_t last(Value root) const {
    const auto& reads = reads_[number(root)];
    return reads.empty() ? root.node : reads.back();
  }

 private:
  std::size_t number(Value value) const { return first_[value.node] + value.result; }

  std::vector<std::uint32_t> first_;  // number of each node's first result
  std::vector<Value> roots_;
  std::vector<std::vector<std::uint32_t>> reads_;
  std::vector<bool> kept_;
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
        peak_end_(peak_),
        added_for_(choice.after.size(), UINT32_MAX) {
    // What is put off is followed by the node that wants it.
    while (derived_.origins[peak_end_].is_put_off() && peak_end_ + 1 < derived_.origins.size())
      ++peak_end_;
  }

  // The nodes to compute again, as numbers of the source; empty if there are none.
  std::vector<std::uint32_t> best() {
    std::vector<std::uint32_t> best;
    double most = 0;
    for (std::uint32_t i = 0; i < peak_; ++i) {
      const double freed = bytes_freed(i);
      if (freed == 0) continue;
      Repetition repetition{{}, {}, freed, 0, Seconds(0)};
      tried_ = i;
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
    std::vector<std::uint32_t> nodes;
    std::vector<Value> kept;  // for it
    double freed;             // bytes, less those of what is kept
    double copied;            // bytes of what is computed again anyway, and would be for this too
    Seconds time;
  };

  // Bytes a second. Long chains of copies are alive together when the backward pass reaches them:
  // what lies between them is better kept.
  static double worth_of(const Repetition& repetition) {
    return repetition.freed / repetition.time.value * repetition.freed /
           (repetition.freed + repetition.copied);
  }

  bool is_ours(std::uint32_t index) const {
    return !derived_.origins[index].is_put_off() &&
           can_repeat(derived_.program, derived_.program.nodes[index]);
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
  void repeat(std::uint32_t index, Repetition& repetition) {
    const auto source = derived_.origins[index].node;
    if (std::exchange(added_for_[source], tried_) == tried_) return;
    repetition.nodes.push_back(source);
    if (choice_.after[source])
      for (std::uint32_t r = 0; r < derived_.program.nodes[index].results.size(); ++r)
        repetition.copied += bytes({index, r});
    else
      repetition.time += times_[source];
    for (const auto operand : derived_.program.nodes[index].inputs) {
      const Value value = reads_.root(operand);
      if (!is_in_arena(value) || reads_.is_kept(value) || reads_.last(value) >= peak_) continue;
      const bool is_copied = choice_.after[derived_.origins[value.node].node].has_value();
      if (is_ours(value.node) && (is_copied || bytes(value) >= worth_keeping * repetition.freed))
        repeat(value.node, repetition);
      else
        keep(value, repetition);
    }
  }

  void keep(Value value, Repetition& repetition) const {
    auto& kept = repetition.kept;
    if (std::find(kept.begin(), kept.end(), value) != kept.end()) return;
    kept.push_back(value);
    repetition.freed -= bytes(value);
  }

  bool is_in_arena(Value value) const { return plan_.at(value).place == Place::arena; }
  double bytes(Value value) const { return static_cast<double>(plan_.at(value).bytes); }

  const Derived& derived_;
  const MemoryPlan& plan_;
  const Choice& choice_;
  const std::vector<Seconds>& times_;
  const Reads reads_;
  std::uint32_t peak_, peak_end_, tried_ = 0;
  std::vector<std::uint32_t>
      added_for_;  // by node of the source: the last node tried that needs it
};

Bytes as_bytes(std::size_t n) { return Bytes(static_cast<double>(n)); }

Bytes arena_of(const Program& program, const machine::Target& target) {
  return as_bytes(plan_memory(program, target).arena_bytes);
}

}  // namespace

Rematerialised rematerialise(const Program& program, const machine::Target& target,
                             const MemoryBudget& budget) {
  std::vector<Seconds> times;
  Seconds time;
  for (const auto& node : program.nodes) {
    times.push_back(target.time(node, operand_types(program, node)));
    time += times.back();
  }
  const Bytes before = arena_of(program, target);
  Rematerialised best{program, {before, before, time, Seconds(0), 0}};
  const bool must_fit = budget.bytes.value > 0;
  if (program.nodes.empty() || (must_fit && before <= budget.bytes)) return best;
  Choice choice(program.nodes.size());
  Derived derived = Derivation(program, choice).run();
  std::size_t least = SIZE_MAX;  // alive at once
  for (;;) {
    const MemoryPlan plan = plan_lives(derived.program, target);
    Recomputation now{before, before, time, Seconds(0), 0};
    for (const auto& origin : derived.origins)
      if (origin.repeats) now.extra += times[origin.node], ++now.nodes;
    if (!must_fit && now.extra > budget.most_extra_time * time) break;
    if (plan.lower_bound < least) {
      least = plan.lower_bound;
      if (must_fit && as_bytes(least) <= budget.bytes)
        now.after = arena_of(derived.program, target);
      best = {derived.program, now};
      if (must_fit && now.after <= budget.bytes) return best;
    }
    Candidates candidates(derived, plan, choice, times);
    const auto nodes = candidates.best();
    if (nodes.empty()) break;
    for (const auto node : nodes)
      choice.after[node] =
          std::min(choice.after[node].value_or(candidates.after()), candidates.after());
    derived = Derivation(program, choice).run();
  }
  best.recomputation.after = arena_of(best.program, target);
  if (must_fit)
    throw InputError(
        "{}: values cannot be kept in {} of memory; the least that was found is {:.0f} KiB",
        program.name, to_string(budget.bytes), std::ceil(best.recomputation.after.value / 1024));
  return best;
}

}  // namespace gnomon::pass
