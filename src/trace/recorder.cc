#include "trace/recorder.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "trace/stream.h"
#include "trace/thread_log.h"

namespace gnomon::trace {
namespace detail {

std::atomic<std::uint64_t> active = 0;
thread_local constinit Buffer* buffer = nullptr;

}  // namespace detail

namespace {

using detail::active;
using detail::Bell;
using detail::Buffer;
using detail::counter_is_invariant;
using detail::Instant;
using detail::Logs;
using detail::read_instant;
using detail::Record;
using detail::Scale;
using detail::Stream;
using detail::ThreadLog;

// The one recording there may be.
struct Session {
  std::mutex mutex;
  Logs logs;
  std::uint64_t recordings = 0;  // begun so far
  int threads = 0;               // that have recorded in this one
  std::size_t capacity = 0;      // records per thread
  bool ring = false;             // streamed: what was written makes room
  std::atomic<WhenFull> when_full = WhenFull::drop;
  Instant begin;
  Bell bell;
};

// Never destroyed: threads may end after main has.
Session& session() {
  static Session& session = *new Session;
  return session;
}

// What a thread keeps of itself. Its destruction ends recording on the thread.
struct ThisThread {
  ThisThread() = default;
  ~ThisThread();
  ThisThread(const ThisThread&) = delete;
  ThisThread& operator=(const ThisThread&) = delete;

  std::string name;
  std::shared_ptr<ThreadLog> log;
};

thread_local constinit bool ending = false;
thread_local ThisThread this_thread;

ThisThread::~ThisThread() {
  ending = true;
  detail::buffer = nullptr;
  if (log == nullptr) return;
  log->ended.store(true, std::memory_order_release);
  if (log->ring()) session().bell.ring();  // to have the buffer freed
}

// Gives the calling thread a buffer in the running recording; false if there is none.
bool join_recording() {
  if (ending) return false;
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  const std::uint64_t recording = detail::active.load(std::memory_order_relaxed);
  if (recording == 0) return false;
  if (this_thread.log == nullptr || this_thread.log->buffer.recording != recording) {
    this_thread.log =
        std::make_shared<ThreadLog>(s.capacity, s.ring, recording, ++s.threads, this_thread.name);
    detail::buffer = &this_thread.log->buffer;
    s.logs.push_back(this_thread.log);
  }
  return true;
}

// Whether there is room for a record in the calling thread's buffer, which was full or half full.
bool make_room(Buffer& b) {
  if (!this_thread.log->ring()) return false;
  Session& s = session();
  const std::size_t capacity = b.mask + 1, half = capacity / 2;
  const std::size_t used = b.used.load(std::memory_order_relaxed);
  while (true) {
    s.bell.ring();
    b.limit = std::min(b.written.load(std::memory_order_acquire) + capacity,
                       (used / half + 1) * half);  // the writer is to be woken at each half
    if (b.limit > used) return true;
    if (s.when_full == WhenFull::drop || b.recording != active.load()) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

Thread thread_of(const ThreadLog& log, const Scale& scale) {
  Thread thread;
  thread.id = log.number;
  thread.name = log.name;
  thread.dropped = log.buffer.dropped;
  const std::size_t used = log.buffer.used.load(std::memory_order_acquire);
  thread.events.reserve(used);
  for (const Record& record : std::span(log.buffer.records, used))
    if (record.begin >= scale.begin()) thread.events.push_back(event_of(record, scale));
  sort_events(thread.events);
  return thread;
}

}  // namespace

void detail::append_slowly(Record record) {
  const std::uint64_t recording = active.load(std::memory_order_relaxed);
  if (buffer == nullptr || buffer->recording != recording) {
    if (join_recording()) append(record);
  } else if (make_room(*buffer)) {
    append(record);
  } else {
    buffer->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

void name_thread(std::string_view name) {
  this_thread.name = name;
  if (!join_recording()) return;
  const std::lock_guard lock(session().mutex);
  this_thread.log->name = name;
}

struct Recording::State {
  std::unique_ptr<Stream> stream;  // null: kept in memory
};

namespace {

Process this_process() { return {.id = ::getpid(), .name = program_invocation_short_name}; }

// The session's mutex is held.
void begin_recording(Session& s, std::size_t capacity, bool ring, WhenFull when_full) {
  s.threads = 0;
  s.capacity = capacity;
  s.ring = ring;
  s.when_full = when_full;
  s.begin = read_instant();
  detail::active = ++s.recordings;
}

std::size_t records_in(Bytes memory) {
  return std::max<std::size_t>(2, static_cast<std::size_t>(memory.value / sizeof(Record)));
}

Stream::Threads threads_of(Session& s) {
  return {.list =
              [&s] {
                const std::lock_guard lock(s.mutex);
                std::vector<Stream::Source> sources;
                for (const auto& log : s.logs) sources.push_back({log, log->name});
                return sources;
              },
          .remove =
              [&s](const ThreadLog* log) {
                const std::lock_guard lock(s.mutex);
                std::erase_if(s.logs, [&](const auto& other) { return other.get() == log; });
              }};
}

}  // namespace

Recording::Recording(Bytes memory_per_thread) : state_(std::make_unique<State>()) {
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  GNOMON_CHECK(!recording(), "a recording is already on");
  begin_recording(s, records_in(memory_per_thread), false, WhenFull::drop);
}

Recording::Recording(const StreamOptions& options) : state_(std::make_unique<State>()) {
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  GNOMON_CHECK(!recording(), "a recording is already on");
  state_->stream = std::make_unique<Stream>(options.file, this_process(), s.bell);
  begin_recording(s, std::bit_floor(records_in(options.memory_per_thread)), true,
                  options.when_full);
  state_->stream->start(s.begin, threads_of(s));
}

Recording::~Recording() {
  if (!recording()) return;
  try {
    stop();
  } catch (const EnvironmentError&) {  // the file could not be written: nobody asked for it
  }
}

Trace Recording::stop() {
  Session& s = session();
  {
    const std::lock_guard lock(s.mutex);
    GNOMON_CHECK(recording(), "the recording was stopped before");
    detail::active = 0;
  }
  Trace trace;
  if (state_->stream) {
    const auto forget = [&] {
      const std::lock_guard lock(s.mutex);
      s.logs.clear();
    };
    try {
      trace = state_->stream->finish();
    } catch (...) {
      forget();
      throw;
    }
    forget();
    return trace;
  }
  const std::lock_guard lock(s.mutex);
  Scale scale(s.begin);
  scale.add(read_instant());
  trace.processes = {this_process()};
  trace.duration = scale.last();
  trace.steady_clock = counter_is_invariant();
  for (const auto& log : s.logs) trace.threads.push_back(thread_of(*log, scale));
  s.logs.clear();
  trace.labels = labels();  // last: a thread late to notice the end may have named something new
  number_labels(trace);
  return trace;
}

}  // namespace gnomon::trace
