#pragma once

// A trace: what happened, when, on which thread of which process. The same value comes from real,
// emulated and simulated runs, and from other programs' files (read.h).

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "trace/name.h"

namespace gnomon::trace {

// An instant is an event without duration that stands for itself: a checkpoint was written.
enum class Kind : std::uint8_t { slice, counter, instant };

// Times are nanoseconds since the recording began. Slices of one thread nest: two of them are
// disjoint or one contains the other.
struct Event {
  std::int64_t begin = 0;
  std::int64_t end = 0;                     // equal to begin for a counter and an instant
  std::array<std::int64_t, 2> arguments{};  // of a slice or instant; Label says what they mean
  double value = 0;                         // of a counter
  std::uint32_t label = 0;                  // index into Trace::labels
  Kind kind = Kind::slice;

  bool operator==(const Event&) const = default;
};

struct Process {
  std::int64_t id = 0;  // what the operating system calls it; unique in the trace
  std::string name;     // "" if it is not known

  bool operator==(const Process&) const = default;
};

struct Thread {
  // Unique in its process: 1, 2, … in the order of their first event. 0 holds what belongs to the
  // process as a whole (counters of other programs' traces); it is no thread of execution.
  std::int64_t id = 0;
  std::string name;           // "" if it was not named
  std::vector<Event> events;  // by begin; of those that begin together, the outermost first
  std::int64_t dropped = 0;   // events that found the buffer full
  std::uint32_t process = 0;  // index into Trace::processes

  bool operator==(const Thread&) const = default;
};

struct Trace {
  std::vector<Label> labels;  // in the order of their first event: threads first, then events
  std::vector<Process> processes = {{}};
  std::vector<Thread> threads;
  std::int64_t duration = 0;  // nanoseconds from the beginning to the end of the recording
  bool steady_clock = true;   // false if the processor's time stamp counter may change its rate
  bool cut_off = false;       // read from a file that ends before the recording did

  bool operator==(const Trace&) const = default;
};

// Puts a thread's events in the order that Thread::events promises. Stable.
void sort_events(std::vector<Event>& events);

// Numbers the labels as Trace::labels promises: those that no event has are dropped, equal ones
// become one.
void number_labels(Trace& trace);

// Cuts off the time before the first event, which then begins at 0, and behind the last.
void trim(Trace& trace);

}  // namespace gnomon::trace
