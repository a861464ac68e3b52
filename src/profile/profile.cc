#include "profile/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "stats/quantile.h"

namespace gnomon::profile {
namespace {

using trace::Category;
using trace::Kind;

constexpr double nanosecond = 1e-9;
constexpr std::size_t most_points = 2000;
constexpr std::string_view memory_prefix = "alive at the peak: ";

struct OperatorName {
  std::string name, operation, implementation;
};

// "conv1 convolution [jit:avx512_core]", where label and implementation may be missing.
OperatorName parse_name(std::string text) {
  OperatorName parsed;
  if (const auto bracket = text.rfind(" ["); bracket != text.npos && text.ends_with(']')) {
    parsed.implementation = text.substr(bracket + 2, text.size() - bracket - 3);
    text.resize(bracket);
  }
  const auto blank = text.rfind(' ');
  parsed.operation = blank == text.npos ? text : text.substr(blank + 1);
  parsed.name = blank == text.npos ? text : text.substr(0, blank);
  return parsed;
}

bool is_operation(const trace::Trace& trace, const trace::Event& event) {
  return event.kind == Kind::slice && trace.labels[event.label].category == Category::operation;
}

// A program's operators are called in training and in evaluation, with other shapes. Events are
// entered in the order of their beginnings.
class Evaluations {
 public:
  explicit Evaluations(const trace::Trace& trace) : trace_(trace) {}

  void enter(const trace::Event& event) {
    if (event.kind == Kind::slice && trace_.labels[event.label].text == "evaluation")
      end_ = std::max(end_, event.end);
  }
  bool under_way(const trace::Event& event) const { return event.begin < end_; }

 private:
  const trace::Trace& trace_;
  std::int64_t end_ = 0;
};

std::string named(const std::string& name, bool evaluating) {
  return evaluating ? "evaluation: " + name : name;
}

std::int64_t operator_time(const trace::Trace& trace, const trace::Thread& thread) {
  std::int64_t total = 0;
  for (const auto& event : thread.events)
    if (is_operation(trace, event)) total += event.end - event.begin;
  return total;
}

// The thread on which operators are called.
const trace::Thread& calling_thread(const trace::Trace& trace, std::string_view origin) {
  const trace::Thread* best = nullptr;
  std::int64_t most = 0;
  for (const auto& thread : trace.threads)
    if (const auto time = operator_time(trace, thread); time > most) {
      most = time;
      best = &thread;
    }
  if (best == nullptr)
    throw InputError("{}: holds no operators; record one with: gnomon train MODEL --trace {}",
                     origin, origin);
  return *best;
}

// Visits the slices of a thread with their parents' stack: enter(event), leave(event, self time).
template <typename Enter, typename Leave>
void walk(const trace::Thread& thread, Enter&& enter, Leave&& leave) {
  struct Open {
    const trace::Event* event;
    std::int64_t inside = 0;  // time of its children
  };
  std::vector<Open> open;
  const auto close = [&] {
    const Open done = open.back();
    open.pop_back();
    const std::int64_t total = done.event->end - done.event->begin;
    if (!open.empty()) open.back().inside += total;
    leave(*done.event, total - done.inside);
  };
  for (const auto& event : thread.events) {
    if (event.kind != Kind::slice) continue;
    while (!open.empty() && open.back().event->end <= event.begin &&
           !(open.back().event->begin == event.begin && open.back().event->end == event.end))
      close();
    enter(event);
    open.push_back({&event});
  }
  while (!open.empty()) close();
}

double ceiling_of(const machine::Calibration& machine, const OperatorTime& op) {
  const bool narrow = op.implementation.find("amx") != std::string::npos ||
                      op.implementation.find("bf16") != std::string::npos;
  double best = 0;
  for (const auto& ceiling : machine.matmul)
    if ((ceiling.dtype == DType::bf16) == narrow) best = std::max(best, ceiling.rate.value);
  return best;
}

void judge(const machine::Calibration& machine, OperatorTime& op) {
  const double flop_rate = ceiling_of(machine, op);
  const double bandwidth = std::max(machine.copy.value, machine.triad.value);
  if ((op.flops.value == 0 && op.bytes.value == 0) || flop_rate == 0 || bandwidth == 0) return;
  const double computing = op.flops.value / flop_rate, moving = op.bytes.value / bandwidth;
  const double calling = machine.call_overhead.value * static_cast<double>(op.calls);
  op.fraction = std::max({computing, moving, calling}) / op.total.value;
  op.bound = calling > std::max(computing, moving) ? Bound::overhead
             : computing > moving                  ? Bound::compute
                                                   : Bound::memory;
}

// Calls of a thread, those with the same callers together.
struct CallTree {
  struct Call {
    std::uint32_t label = 0;
    std::int64_t total = 0;  // nanoseconds
    std::vector<std::size_t> children = {};
  };
  static constexpr std::size_t root = 0;

  // The calls of this label from `caller`.
  std::size_t called(std::size_t caller, std::uint32_t label) {
    const auto [found, added] = places.try_emplace({caller, label}, calls.size());
    if (added) {
      calls[caller].children.push_back(calls.size());
      calls.push_back({label});
    }
    return found->second;
  }

  std::vector<Call> calls{Call()};
  std::map<std::pair<std::size_t, std::uint32_t>, std::size_t> places;
};

class Analysis {
 public:
  Analysis(const trace::Trace& trace, const machine::Calibration& machine, std::string_view origin)
      : trace_(trace), machine_(machine), main_(calling_thread(trace, origin)) {}

  Profile run() {
    profile_.duration = Seconds(static_cast<double>(trace_.duration) * nanosecond);
    time_operators();
    finish_steps();
    finish_operators();
    finish_idle();
    profile_.flame = {"run", profile_.duration, {}};
    for (const auto& thread : trace_.threads) add_flame(thread);
    for (const auto& thread : trace_.threads) profile_.dropped += thread.dropped;
    collect_counters();
    collect_memory();
    return std::move(profile_);
  }

 private:
  double share_of(Seconds time) const {
    return profile_.duration.value > 0 ? time.value / profile_.duration.value : 0;
  }

  std::string cause_of(const trace::Event& event) const {
    const auto& label = trace_.labels[event.label];
    if (label.category == Category::step) return "dispatch";
    if (label.category == Category::loader) return "loader";
    if (label.text == "checkpoint" || label.text == "evaluation") return label.text;
    return "other";
  }

  void time_operators() {
    Evaluations evaluations(trace_);
    walk(
        main_,
        [&](const trace::Event& event) {
          evaluations.enter(event);
          const auto& label = trace_.labels[event.label];
          if (label.category == Category::step && label.text == "step")
            step_times_.push_back(static_cast<double>(event.end - event.begin) * nanosecond);
        },
        [&](const trace::Event& event, std::int64_t self) {
          const Seconds time(static_cast<double>(self) * nanosecond);
          if (!is_operation(trace_, event)) {
            idle_[cause_of(event)] += time;
            return;
          }
          OperatorTime& op = operators_[{evaluations.under_way(event), event.label}];
          ++op.calls;
          op.total += time;
          op.flops += Flops(static_cast<double>(event.arguments[0]));
          op.bytes += Bytes(static_cast<double>(event.arguments[1]));
        });
  }

  void finish_steps() {
    profile_.steps = static_cast<std::int64_t>(step_times_.size());
    if (!step_times_.empty()) profile_.step_time = Seconds(stats::median(step_times_));
  }

  void finish_operators() {
    for (auto& [key, op] : operators_) {
      const auto& [evaluating, label] = key;
      auto parsed = parse_name(trace_.labels[label].text);
      op.name = named(parsed.name, evaluating);
      op.operation = std::move(parsed.operation);
      op.implementation = std::move(parsed.implementation);
      op.share = share_of(op.total);
      judge(machine_, op);
      profile_.operators.push_back(std::move(op));
    }
    std::stable_sort(profile_.operators.begin(), profile_.operators.end(),
                     [](const auto& a, const auto& b) { return a.total > b.total; });
  }

  void finish_idle() {
    Seconds known;
    for (const auto& op : profile_.operators) known += op.total;
    for (const auto& [cause, time] : idle_) known += time;
    idle_["other"] += std::max(Seconds(), profile_.duration - known);
    for (const auto& [cause, time] : idle_)
      if (time.value > 0) profile_.idle.push_back({cause, time, share_of(time)});
    std::stable_sort(profile_.idle.begin(), profile_.idle.end(),
                     [](const auto& a, const auto& b) { return a.total > b.total; });
  }

  void add_flame(const trace::Thread& thread) {
    CallTree tree;
    std::vector<std::size_t> stack{tree.root};
    walk(
        thread,
        [&](const trace::Event& event) {
          if (stack.size() > deepest_frame) return stack.push_back(stack.back());
          const std::size_t call = tree.called(stack.back(), event.label);
          tree.calls[call].total += event.end - event.begin;
          if (stack.size() == 1) tree.calls[tree.root].total += event.end - event.begin;
          stack.push_back(call);
        },
        [&](const trace::Event&, std::int64_t) { stack.pop_back(); });
    if (tree.calls.size() == 1) return;
    Frame root = frame_of(tree, tree.root);
    root.name = thread.name.empty() ? fmt::format("thread {}", thread.id) : thread.name;
    profile_.flame.children.push_back(std::move(root));
  }

  Frame frame_of(const CallTree& tree, std::size_t call) const {
    const auto& node = tree.calls[call];
    Frame frame{call == tree.root ? "" : trace_.labels[node.label].text,
                Seconds(static_cast<double>(node.total) * nanosecond),
                {}};
    for (const auto child : node.children) frame.children.push_back(frame_of(tree, child));
    return frame;
  }

  void collect_counters() {
    std::map<std::uint32_t, Counter> counters;
    for (const auto& thread : trace_.threads)
      for (const auto& event : thread.events)
        if (event.kind == Kind::counter) {
          auto& counter = counters[event.label];
          counter.time.push_back(static_cast<double>(event.begin) * nanosecond);
          counter.value.push_back(event.value);
        }
    for (auto& [label, counter] : counters) {
      counter.name = trace_.labels[label].text;
      counter.unit = trace_.labels[label].unit;
      thin(counter);
      profile_.counters.push_back(std::move(counter));
    }
  }

  static void thin(Counter& counter) {
    const std::size_t every = (counter.time.size() + most_points - 1) / most_points;
    if (every <= 1) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < counter.time.size(); i += every, ++kept) {
      counter.time[kept] = counter.time[i];
      counter.value[kept] = counter.value[i];
    }
    counter.time.resize(kept);
    counter.value.resize(kept);
  }

  // Of several programs in one recording the one whose arena is the largest.
  void collect_memory() {
    std::int64_t largest = 0;
    for (const auto& thread : trace_.threads)
      for (const auto& event : thread.events) {
        const auto& text = trace_.labels[event.label].text;
        if (event.kind != Kind::instant || !text.starts_with(memory_prefix)) continue;
        const auto [bytes, arena] = event.arguments;
        if (arena > largest) profile_.memory.clear();
        largest = std::max(largest, arena);
        if (arena == largest)
          profile_.memory.push_back(
              {text.substr(memory_prefix.size()), Bytes(static_cast<double>(bytes))});
      }
    std::stable_sort(profile_.memory.begin(), profile_.memory.end(),
                     [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  }

  const trace::Trace& trace_;
  const machine::Calibration& machine_;
  const trace::Thread& main_;
  std::map<std::pair<bool, std::uint32_t>, OperatorTime> operators_;  // evaluating?, label
  std::map<std::string, Seconds> idle_;
  std::vector<double> step_times_;
  Profile profile_;
};

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string describe(const OperatorTime& op) {
  return op.name == op.operation ? op.name : fmt::format("{} ({})", op.name, op.operation);
}

std::string where(const Profile& profile) {
  double share = 0;
  for (const auto& op : profile.operators) share += op.share;
  std::string text =
      fmt::format("Operators took {} of {}", percent(share), to_string(profile.duration));
  const std::size_t shown = std::min<std::size_t>(3, profile.operators.size());
  for (std::size_t i = 0; i < shown; ++i)
    text += fmt::format("{} {} {}", i == 0 ? ", the longest" : ",", describe(profile.operators[i]),
                        percent(profile.operators[i].share));
  return text + ".";
}

std::string bounds(const Profile& profile) {
  std::map<Bound, double> shares;
  double total = 0;
  for (const auto& op : profile.operators) {
    shares[op.bound] += op.share;
    total += op.share;
  }
  const auto part = [&](Bound bound) { return percent(total > 0 ? shares[bound] / total : 0); };
  return fmt::format(
      "Of the operators' time {} is bound by arithmetic, {} by memory, {} by the cost of calls.",
      part(Bound::compute), part(Bound::memory), part(Bound::overhead));
}

std::string waits(const Profile& profile) {
  if (profile.idle.empty()) return "No time passed without an operator.";
  std::string text = "The rest:";
  for (std::size_t i = 0; i < profile.idle.size(); ++i)
    text += fmt::format("{} {} {}", i == 0 ? "" : ",", profile.idle[i].cause,
                        percent(profile.idle[i].share));
  return text + ".";
}

// Operators of one kind that the same limit bounds: what one change would make faster.
struct Alike {
  std::vector<const OperatorTime*> operators;  // the longest first
  double share = 0;                            // of the recording
  double least = 0;                            // share that they would take at their ceilings

  double saving() const { return std::max(0.0, share - least); }
};

std::vector<Alike> kinds(const Profile& profile) {
  std::map<std::pair<std::string, Bound>, Alike> by_name;
  for (const auto& op : profile.operators) {
    if (op.bound == Bound::unknown) continue;
    Alike& kind = by_name[{op.operation, op.bound}];
    kind.operators.push_back(&op);
    kind.share += op.share;
    kind.least += op.share * std::min(1.0, op.fraction);
  }
  std::vector<Alike> all;
  for (auto& [name, kind] : by_name)
    if (kind.saving() > 0) all.push_back(std::move(kind));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.saving() > b.saving(); });
  return all;
}

std::string would_save(const Alike& kind) {
  const OperatorTime& longest = *kind.operators.front();
  const auto count = kind.operators.size();
  return fmt::format(
      "{} {} {} of what this machine can do ({}); at the ceiling {} would save {} of the time.",
      count == 1
          ? describe(longest)
          : fmt::format("{} operators {} (the longest {})", count, longest.operation, longest.name),
      count == 1 ? "reaches" : "reach", percent(kind.least / kind.share),
      longest.bound == Bound::compute  ? "bound by arithmetic"
      : longest.bound == Bound::memory ? "bound by memory"
                                       : "bound by the cost of calls",
      count == 1 ? "it" : "they", percent(kind.saving()));
}

}  // namespace

std::string_view name(Bound bound) {
  constexpr std::string_view names[] = {"unknown", "compute", "memory", "overhead"};
  return names[static_cast<std::size_t>(bound)];
}

Profile analyse(const trace::Trace& trace, const machine::Calibration& machine,
                std::string_view origin) {
  return Analysis(trace, machine, origin).run();
}

std::vector<std::string> conclusions(const Profile& profile) {
  std::vector<std::string> sentences{where(profile), bounds(profile), waits(profile)};
  const auto changes = kinds(profile);
  for (std::size_t i = 0; i < std::min<std::size_t>(3, changes.size()); ++i)
    sentences.push_back(would_save(changes[i]));
  if (profile.dropped > 0)
    sentences.push_back(fmt::format("{} events found the recording's buffer full and are missing.",
                                    profile.dropped));
  return sentences;
}

std::map<std::string, std::vector<double>> call_times(const trace::Trace& trace) {
  std::map<std::string, std::vector<double>> times;
  for (const auto& thread : trace.threads) {
    Evaluations evaluations(trace);
    for (const auto& event : thread.events) {
      evaluations.enter(event);
      if (!is_operation(trace, event)) continue;
      const auto parsed = parse_name(trace.labels[event.label].text);
      times[named(parsed.name, evaluations.under_way(event)) + " " + parsed.operation].push_back(
          static_cast<double>(event.end - event.begin) * nanosecond);
    }
  }
  return times;
}

}  // namespace gnomon::profile
