#pragma once

// Records events with little disturbance: about 3 ns above two readings of the processor's time
// stamp counter when on, one load and one branch when off (bench/recorder.cc measures both).
//
//   const trace::Name step = trace::intern({"step", trace::Category::step, {"images", ""}});
//   trace::Recording recording;
//   { trace::Scope scope(step, 128); … }
//   trace::write_trace(recording.stop(), "run.pftrace");
//
// or, for runs of any length, to a file while they go on:
//
//   trace::Recording recording(trace::StreamOptions{.file = "run.pftrace"});
//
// Recording is process-wide, so that every layer can be traced without every interface carrying a
// recorder.
//
// Threads: any thread may record at any time. Each writes to a buffer of its own, so threads never
// wait for each other. The buffer has a fixed size and is allocated and touched on the thread's
// first event or in `name_thread`, whichever comes first; it is freed when the recording has ended
// (of a streamed one, when the thread has) and the thread ends or records into a later one. When it
// is full, events are dropped and counted. A scope still open when the recording stops is not in
// the trace.

#include <x86intrin.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/units.h"
#include "trace/name.h"
#include "trace/trace.h"

namespace gnomon::trace {

namespace detail {

// One event as it is written: times in ticks of the time stamp counter.
struct Record {
  std::uint64_t begin, end;
  std::int64_t arguments[2];
  std::uint32_t name;
  Kind kind;
};

// Written by one thread; others may read the records from `written` up to `used`, which count all
// that there ever were. The record numbered n is at n & mask: a stream's buffer is a ring.
struct Buffer {
  Record* records;
  std::size_t mask;
  std::size_t limit;  // of `used`, until append_slowly sets another; the thread's own
  std::uint64_t recording;
  std::atomic<std::size_t> used;
  std::atomic<std::int64_t> dropped;
  alignas(
      64) std::atomic<std::size_t> written;  // to the stream, which is why it may be overwritten
};

extern std::atomic<std::uint64_t> active;  // the number of the running recording; 0 when off
extern thread_local constinit Buffer* buffer;

void append_slowly(Record record);

// The record goes by value and field by field: a copy through the stack costs a store-forwarding
// stall, and a cache line not fetched ahead another 5 ns.
inline void append(Record record) {
  Buffer* const b = buffer;
  if (b == nullptr || b->recording != active.load(std::memory_order_relaxed)) [[unlikely]]
    return append_slowly(record);
  const std::size_t used = b->used.load(std::memory_order_relaxed);
  if (used == b->limit) [[unlikely]]
    return append_slowly(record);
  Record& slot = b->records[used & b->mask];
  __builtin_prefetch(&slot + 32, 1);
  slot.begin = record.begin;
  slot.end = record.end;
  slot.arguments[0] = record.arguments[0];
  slot.arguments[1] = record.arguments[1];
  slot.name = record.name;
  slot.kind = record.kind;
  b->used.store(used + 1, std::memory_order_release);
}

}  // namespace detail

inline bool recording() { return detail::active.load(std::memory_order_relaxed) != 0; }

// An event from its construction to its destruction.
class Scope {
 public:
  explicit Scope(Name name, std::int64_t first = 0, std::int64_t second = 0) {
    if (!recording()) return;
    name_ = name;
    first_ = first;
    second_ = second;
    begin_ = __rdtsc();
  }
  ~Scope() {
    if (begin_ != 0) detail::append({begin_, __rdtsc(), {first_, second_}, name_.id, Kind::slice});
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  std::uint64_t begin_ = 0;
  std::int64_t first_, second_;
  Name name_;
};

// The value of a quantity (a loss, a queue's length) from now on.
inline void counter(Name name, double value) {
  if (!recording()) return;
  const std::uint64_t time = __rdtsc();
  detail::append({time, time, {std::bit_cast<std::int64_t>(value), 0}, name.id, Kind::counter});
}

// Something that happened at one instant.
inline void instant(Name name, std::int64_t first = 0, std::int64_t second = 0) {
  if (!recording()) return;
  const std::uint64_t time = __rdtsc();
  detail::append({time, time, {first, second}, name.id, Kind::instant});
}

// What traces call the calling thread. Prepares its buffer if a recording is on: call it before
// timed work.
void name_thread(std::string_view name);

// What a thread does whose buffer is full because the writer cannot keep up: lose the event, which
// the trace says, or wait for room, which disturbs the run.
enum class WhenFull { drop, wait };

// A recording that is written to a file while it goes on. Memory is bounded whatever its length:
// `memory_per_thread` for each thread that lives, two MiB for the writer, and the names. Packets
// are appended whole, ten times a second or more often: if the process is killed, what was written
// is a trace up to a tenth of a second before (read.h: CutOff::keep).
struct StreamOptions {
  std::filesystem::path file;  // in Perfetto's format, whatever its name
  Bytes memory_per_thread = Bytes(16 << 20);
  WhenFull when_full = WhenFull::drop;
};

// Recording is on from construction to `stop` or destruction. Only one may exist at a time.
class Recording {
 public:
  explicit Recording(Bytes memory_per_thread = Bytes(16 << 20));
  // Throws EnvironmentError if the file cannot be created.
  explicit Recording(const StreamOptions& options);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // Ends the recording and returns all that was recorded; of a stream, the threads without their
  // events, which are in the file. Other threads may go on; what they do from now on is not
  // recorded. Throws EnvironmentError if a stream's file could not be written.
  Trace stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gnomon::trace
