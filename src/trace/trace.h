#pragma once

// A trace: what happened, when, on which thread. The same value comes from real, emulated and
// simulated runs.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/name.h"

namespace gnomon::trace {

enum class Kind : std::uint8_t { slice, counter };

// Times are nanoseconds since the recording began. Slices of one thread nest: two of them are
// disjoint or one contains the other.
struct Event {
  std::int64_t begin = 0;
  std::int64_t end = 0;                     // equal to begin for a counter
  std::array<std::int64_t, 2> arguments{};  // of a slice; Label says what they mean
  double value = 0;                         // of a counter
  std::uint32_t label = 0;                  // index into Trace::labels
  Kind kind = Kind::slice;

  bool operator==(const Event&) const = default;
};

struct Thread {
  int id = 0;                 // 1, 2, … in the order of their first event
  std::string name;           // "" if it was not named
  std::vector<Event> events;  // by begin; of those that begin together, the outermost first
  std::int64_t dropped = 0;   // events that found the buffer full

  bool operator==(const Thread&) const = default;
};

struct Trace {
  std::vector<Label> labels;
  std::vector<Thread> threads;
  std::int64_t duration = 0;  // nanoseconds from the beginning to the end of the recording
  bool steady_clock = true;   // false if the processor's time stamp counter may change its rate

  bool operator==(const Trace&) const = default;
};

}  // namespace gnomon::trace
