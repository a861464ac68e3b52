#include "trace/builder.h"

#include <algorithm>

#include "base/error.h"

namespace gnomon::trace {
namespace {

constexpr std::int64_t open = -(std::int64_t{1} << 62);  // the end of a slice that has none yet

bool is_open(const Event& event) { return event.kind == Kind::slice && event.end == open; }

}  // namespace

void Lane::begin(Event event) {
  event.end = open;
  events_.push_back(event);
}

void Lane::end(std::int64_t time) {
  const bool right_after = !events_.empty() && is_open(events_.back()) &&
                           (ends_.empty() || ends_.back().position < events_.size());
  if (right_after && events_.back().begin <= time)
    events_.back().end = time;
  else
    ends_.push_back({time, events_.size()});
}

void Lane::append(Lane&& other) {
  for (const End& end : other.ends_) ends_.push_back({end.time, end.position + events_.size()});
  events_.insert(events_.end(), other.events_.begin(), other.events_.end());
  other = {};
}

void Lane::widen(std::int64_t& first, std::int64_t& last) const {
  for (const auto& event : events_) {
    first = std::min(first, event.begin);
    last = std::max({last, event.begin, event.end});
  }
  for (const auto& end : ends_) last = std::max(last, end.time);
}

std::vector<Event> Lane::take(std::int64_t last) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < events_.size(); ++i)
    if (is_open(events_[i])) begins.push_back(i);
  std::stable_sort(begins.begin(), begins.end(), [&](std::size_t a, std::size_t b) {
    return events_[a].begin < events_[b].begin;
  });
  std::stable_sort(ends_.begin(), ends_.end(),
                   [](const End& a, const End& b) { return a.time < b.time; });
  std::vector<std::size_t> stack;
  std::size_t next = 0;
  for (const End& end : ends_) {
    const auto comes_first = [&](std::size_t i) {
      const std::int64_t time = events_[i].begin;
      return time < end.time || (time == end.time && i < end.position);
    };
    while (next < begins.size() && comes_first(begins[next])) stack.push_back(begins[next++]);
    if (stack.empty()) continue;
    events_[stack.back()].end = end.time;
    stack.pop_back();
  }
  ends_ = {};
  for (auto& event : events_)
    if (is_open(event)) event.end = last;
  sort_events(events_);
  return std::move(events_);
}

std::uint32_t Builder::label(const Label& label) {
  const auto next = static_cast<std::uint32_t>(trace_.labels.size());
  const auto [entry, fresh] = labels_.emplace(label, next);
  if (fresh) trace_.labels.push_back(label);
  return entry->second;
}

std::uint32_t Builder::process(std::int64_t id) {
  const auto next = static_cast<std::uint32_t>(trace_.processes.size());
  const auto [entry, fresh] = processes_.emplace(id, next);
  if (fresh) trace_.processes.push_back({.id = id, .name = ""});
  return entry->second;
}

std::size_t Builder::thread(std::int64_t id, std::uint32_t process) {
  trace_.threads.push_back({.id = id, .name = "", .events = {}, .dropped = 0, .process = process});
  ids_.emplace(process, id);
  lanes_.emplace_back();
  return lanes_.size() - 1;
}

std::int64_t Builder::free_id(std::uint32_t process) {
  std::int64_t& next = next_ids_[process];
  next = std::max(next, static_cast<std::int64_t>(trace_.threads.size()));
  while (ids_.contains({process, next})) ++next;
  return next;
}

// Moves the slices that do not nest to further threads, each to the first in which it does.
void Builder::separate(std::size_t index) {
  std::vector<std::vector<Event>> threads(1);
  std::vector<std::vector<std::int64_t>> ends(1);  // of the slices that are open, by thread
  const auto nests = [&](const Event& event, std::vector<std::int64_t>& around) {
    while (!around.empty() && around.back() <= event.begin) around.pop_back();
    return around.empty() || event.end <= around.back();
  };
  for (const auto& event : trace_.threads[index].events) {
    std::size_t at = 0;
    if (event.kind == Kind::slice) {
      while (at < threads.size() && !nests(event, ends[at])) ++at;
      if (at == most_overlapping)
        throw InputError(
            "{}: more than {} slices of thread {} overlap at {} ns; what runs at one time belongs "
            "on tracks of its own",
            origin_name_, most_overlapping, trace_.threads[index].id, event.begin);
      if (at == threads.size()) {
        threads.emplace_back();
        ends.emplace_back();
      }
      ends[at].push_back(event.end);
    }
    threads[at].push_back(event);
  }
  trace_.threads[index].events = std::move(threads[0]);
  for (std::size_t i = 1; i < threads.size(); ++i) {
    Thread further = {.id = 0, .name = trace_.threads[index].name, .events = std::move(threads[i])};
    further.process = trace_.threads[index].process;
    further.id = free_id(further.process);
    ids_.emplace(further.process, further.id);
    trace_.threads.push_back(std::move(further));
  }
}

Trace Builder::finish() {
  std::int64_t first = origin_, last = -unset;
  for (const auto& lane : lanes_) lane.widen(first, last);
  if (last < first) first = last = first == unset ? 0 : first;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& events = trace_.threads[i].events;
    events = lanes_[i].take(last);
    for (auto& event : events) {
      event.begin -= first;
      event.end -= first;
    }
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) separate(i);
  // Ours, of a process that was killed between two packets.
  if (origin_ != unset && end_ == unset) trace_.cut_off = true;
  trace_.duration =
      std::max<std::int64_t>((trace_.cut_off || end_ == unset ? last : end_) - first, 0);
  if (trace_.processes.empty()) trace_.processes.emplace_back();
  number_labels(trace_);
  return std::move(trace_);
}

}  // namespace gnomon::trace
