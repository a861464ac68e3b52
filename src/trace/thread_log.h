#pragma once

// What a recording keeps of each thread, and how its ticks become nanoseconds. Between the recorder
// and the stream's writer; nobody else needs it.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trace/recorder.h"

namespace gnomon::trace::detail {

// One instant on both clocks: the processor's time stamp counter and the steady clock.
struct Instant {
  std::uint64_t ticks = 0;
  std::int64_t nanoseconds = 0;
};

Instant read_instant();

// Whether the counter runs at one rate whatever the processor does.
bool counter_is_invariant();

// Ticks to nanoseconds since the beginning: linear between the instants that it was given. What
// lies before the last of them never changes, and all is monotone, so what nests in ticks nests
// after it.
class Scale {
 public:
  explicit Scale(const Instant& begin) : instants_{begin} {}
  void add(const Instant& instant);
  std::uint64_t begin() const { return instants_.front().ticks; }
  std::int64_t last() const;  // of the last instant
  // At least two instants are needed.
  std::int64_t operator()(std::uint64_t ticks) const;

 private:
  std::vector<Instant> instants_;
};

Event event_of(const Record& record, const Scale& scale);

// A thread's buffer with what only the slow paths need. Kept by the thread and by the recording, so
// that a thread late to notice the end still writes to memory that exists.
struct ThreadLog {
  // With `ring` the capacity is a power of two.
  ThreadLog(std::size_t capacity, bool ring, std::uint64_t recording, int number,
            std::string thread_name);
  bool ring() const { return buffer.mask != ~std::size_t{0}; }

  std::vector<Record> storage;
  int number;                       // 1, 2, … in a recording
  std::string name;                 // guarded by the session's mutex
  std::atomic<bool> ended = false;  // the thread is gone: all it recorded is in the buffer
  Buffer buffer;
};

using Logs = std::vector<std::shared_ptr<ThreadLog>>;

}  // namespace gnomon::trace::detail
