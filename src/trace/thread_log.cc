#include "trace/thread_log.h"

#include <cpuid.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

namespace gnomon::trace::detail {
namespace {

std::int64_t clock_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// The pair that was read fastest: an interruption between the two readings would skew it.
Instant read_instant() {
  Instant best;
  std::uint64_t shortest = ~std::uint64_t{0};
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t before = __rdtsc();
    const std::int64_t nanoseconds = clock_nanoseconds();
    const std::uint64_t after = __rdtsc();
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = {.ticks = before + shortest / 2, .nanoseconds = nanoseconds};
  }
  return best;
}

// CPUID 80000007, EDX bit 8.
bool counter_is_invariant() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
}

void Scale::add(const Instant& instant) {
  const Instant& last = instants_.back();
  if (instant.ticks > last.ticks && instant.nanoseconds >= last.nanoseconds)
    instants_.push_back(instant);
}

std::int64_t Scale::last() const {
  return instants_.back().nanoseconds - instants_.front().nanoseconds;
}

std::int64_t Scale::operator()(std::uint64_t ticks) const {
  std::size_t i = instants_.size() - 2;
  if (ticks < instants_[i].ticks) {
    const auto after =
        std::upper_bound(instants_.begin(), instants_.end(), ticks,
                         [](std::uint64_t t, const Instant& instant) { return t < instant.ticks; });
    i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - instants_.begin() - 1, 0));
  }
  const Instant &from = instants_[i], &to = instants_[i + 1];
  const double per_tick = static_cast<double>(to.nanoseconds - from.nanoseconds) /
                          static_cast<double>(to.ticks - from.ticks);
  return from.nanoseconds - instants_[0].nanoseconds +
         std::llround(static_cast<double>(ticks - from.ticks) * per_tick);
}

Event event_of(const Record& record, const Scale& scale) {
  Event event;
  event.begin = scale(record.begin);
  event.end = record.end == record.begin ? event.begin : scale(record.end);
  event.label = record.name;
  event.kind = record.kind;
  if (record.kind == Kind::counter)
    event.value = std::bit_cast<double>(record.arguments[0]);
  else
    event.arguments = {record.arguments[0], record.arguments[1]};
  return event;
}

ThreadLog::ThreadLog(std::size_t capacity, bool ring, std::uint64_t recording, int thread_number,
                     std::string thread_name)
    : storage(capacity),  // touches every page
      number(thread_number),
      name(std::move(thread_name)),
      buffer{.records = storage.data(),
             .mask = ring ? capacity - 1 : ~std::size_t{0},
             .limit = ring ? capacity / 2 : capacity,
             .recording = recording,
             .used = {},
             .dropped = {},
             .written = {}} {}

}  // namespace gnomon::trace::detail
