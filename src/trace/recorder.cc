#include "trace/recorder.h"

#include <cpuid.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace gnomon::trace {
namespace detail {

std::atomic<std::uint64_t> active = 0;
thread_local constinit Buffer* buffer = nullptr;

}  // namespace detail

namespace {

using detail::Buffer;
using detail::Record;

// One instant on both clocks.
struct Instant {
  std::uint64_t ticks = 0;
  std::int64_t nanoseconds = 0;
};

std::int64_t clock_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

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

// Whether the counter runs at one rate whatever the processor does (CPUID 80000007, EDX bit 8).
bool counter_is_invariant() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
}

// A thread's buffer with what only the slow path needs. Kept by the thread and by the recording, so
// that a thread late to notice the end still writes to memory that exists.
struct ThreadLog {
  ThreadLog(std::size_t capacity, std::uint64_t recording, std::string thread_name)
      : storage(capacity),  // touches every page
        name(std::move(thread_name)),
        buffer{storage.data(), capacity, recording, {}, {}} {}

  std::vector<Record> storage;
  std::string name;  // guarded by Session::mutex
  Buffer buffer;
};

// The one recording there may be.
struct Session {
  std::mutex mutex;
  std::vector<std::shared_ptr<ThreadLog>> logs;
  std::uint64_t recordings = 0;  // begun so far
  std::size_t capacity = 0;      // records per thread
  Instant begin;
};

Session& session() {
  static Session session;
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
}

// Gives the calling thread a buffer in the running recording; false if there is none.
bool join_recording() {
  if (ending) return false;
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  const std::uint64_t recording = detail::active.load(std::memory_order_relaxed);
  if (recording == 0) return false;
  if (this_thread.log == nullptr || this_thread.log->buffer.recording != recording) {
    this_thread.log = std::make_shared<ThreadLog>(s.capacity, recording, this_thread.name);
    detail::buffer = &this_thread.log->buffer;
    s.logs.push_back(this_thread.log);
  }
  return true;
}

// Ticks to nanoseconds since the beginning. Monotone, so that what nests in ticks nests after it.
class Scale {
 public:
  Scale(const Instant& begin, const Instant& end) : origin_(begin.ticks) {
    if (end.ticks > begin.ticks)
      per_tick_ = static_cast<double>(end.nanoseconds - begin.nanoseconds) /
                  static_cast<double>(end.ticks - begin.ticks);
  }
  std::int64_t operator()(std::uint64_t ticks) const {
    return std::llround(static_cast<double>(ticks - origin_) * per_tick_);
  }

 private:
  std::uint64_t origin_;
  double per_tick_ = 0;
};

Event event_of(const Record& record, const Scale& scale) {
  Event event;
  event.begin = scale(record.begin);
  event.end = scale(record.end);
  event.label = record.name;
  event.kind = record.kind;
  if (record.kind == Kind::counter)
    event.value = std::bit_cast<double>(record.arguments[0]);
  else
    event.arguments = {record.arguments[0], record.arguments[1]};
  return event;
}

Thread thread_of(const ThreadLog& log, int id, const Instant& begin, const Scale& scale) {
  Thread thread;
  thread.id = id;
  thread.name = log.name;
  thread.dropped = log.buffer.dropped;
  const std::size_t used = log.buffer.used.load(std::memory_order_acquire);
  thread.events.reserve(used);
  for (const Record& record : std::span(log.buffer.records, used))
    if (record.begin >= begin.ticks) thread.events.push_back(event_of(record, scale));
  std::stable_sort(thread.events.begin(), thread.events.end(), [](const Event& a, const Event& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  return thread;
}

}  // namespace

void detail::append_slowly(Record record) {
  const std::uint64_t recording = active.load(std::memory_order_relaxed);
  if (buffer != nullptr && buffer->recording == recording)
    buffer->dropped.fetch_add(1, std::memory_order_relaxed);  // here because it is full
  else if (join_recording())
    append(record);
}

void name_thread(std::string_view name) {
  this_thread.name = name;
  if (!join_recording()) return;
  const std::lock_guard lock(session().mutex);
  this_thread.log->name = name;
}

Recording::Recording(Bytes memory_per_thread) {
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  GNOMON_CHECK(!recording(), "a recording is already on");
  s.capacity =
      std::max<std::size_t>(1, static_cast<std::size_t>(memory_per_thread.value / sizeof(Record)));
  s.begin = read_instant();
  detail::active = ++s.recordings;
}

Recording::~Recording() {
  if (recording()) stop();
}

Trace Recording::stop() {
  Session& s = session();
  const std::lock_guard lock(s.mutex);
  GNOMON_CHECK(recording(), "the recording was stopped before");
  detail::active = 0;
  const Instant end = read_instant();
  const Scale scale(s.begin, end);
  Trace trace;
  trace.processes = {{.id = ::getpid(), .name = program_invocation_short_name}};
  trace.duration = end.nanoseconds - s.begin.nanoseconds;
  trace.steady_clock = counter_is_invariant();
  for (const auto& log : s.logs)
    trace.threads.push_back(
        thread_of(*log, static_cast<int>(trace.threads.size()) + 1, s.begin, scale));
  s.logs.clear();
  trace.labels = labels();  // last: a thread late to notice the end may have named something new
  number_labels(trace);
  return trace;
}

}  // namespace gnomon::trace
