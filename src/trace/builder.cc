#include "trace/builder.h"

#include <algorithm>

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
  lanes_.emplace_back();
  return lanes_.size() - 1;
}

std::int64_t Builder::free_id(std::uint32_t process) const {
  auto id = static_cast<std::int64_t>(trace_.threads.size());
  const auto has_it = [&](const Thread& t) { return t.process == process && t.id == id; };
  while (std::any_of(trace_.threads.begin(), trace_.threads.end(), has_it)) ++id;
  return id;
}

// Moves the slices that do not nest to further threads.
void Builder::separate(std::size_t index) {
  std::vector<Event> kept, moved;
  std::vector<std::int64_t> ends;
  auto& events = trace_.threads[index].events;
  const auto nests = [&](const Event& event) {
    while (!ends.empty() && ends.back() <= event.begin) ends.pop_back();
    if (event.kind != Kind::slice) return true;
    if (!ends.empty() && event.end > ends.back()) return false;
    ends.push_back(event.end);
    return true;
  };
  const auto first = std::find_if_not(events.begin(), events.end(), nests);
  if (first == events.end()) return;
  ends.clear();
  for (const auto& event : events) (nests(event) ? kept : moved).push_back(event);
  events = std::move(kept);
  Thread further = {.id = 0, .name = trace_.threads[index].name, .events = std::move(moved)};
  further.process = trace_.threads[index].process;
  further.id = free_id(further.process);
  trace_.threads.push_back(std::move(further));
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
  for (std::size_t i = 0; i < trace_.threads.size(); ++i) separate(i);  // which may add threads
  trace_.duration = std::max<std::int64_t>((end_ == unset ? last : end_) - first, 0);
  if (trace_.processes.empty()) trace_.processes.emplace_back();
  number_labels(trace_);
  return std::move(trace_);
}

}  // namespace gnomon::trace
