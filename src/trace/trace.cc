#include "trace/trace.h"

#include <algorithm>
#include <map>
#include <utility>

namespace gnomon::trace {

void sort_events(std::vector<Event>& events) {
  const auto before = [](const Event& a, const Event& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  };
  if (!std::is_sorted(events.begin(), events.end(), before))
    std::stable_sort(events.begin(), events.end(), before);
}

void number_labels(Trace& trace) {
  constexpr std::uint32_t unseen = ~std::uint32_t{0};
  std::vector<std::uint32_t> numbers(trace.labels.size(), unseen);
  std::map<Label, std::uint32_t> known;
  std::vector<Label> labels;
  for (auto& thread : trace.threads)
    for (auto& event : thread.events) {
      std::uint32_t& number = numbers.at(event.label);
      if (number == unseen) {
        const auto next = static_cast<std::uint32_t>(labels.size());
        const auto [entry, fresh] = known.emplace(trace.labels[event.label], next);
        if (fresh) labels.push_back(entry->first);
        number = entry->second;
      }
      event.label = number;
    }
  trace.labels = std::move(labels);
}

void trim(Trace& trace) {
  std::int64_t first = trace.duration, last = 0;
  for (const auto& thread : trace.threads)
    for (const auto& event : thread.events) {
      first = std::min(first, event.begin);
      last = std::max(last, event.end);
    }
  for (auto& thread : trace.threads)
    for (auto& event : thread.events) {
      event.begin -= first;
      event.end -= first;
    }
  trace.duration = std::max(std::int64_t{0}, last - first);
}

}  // namespace gnomon::trace
