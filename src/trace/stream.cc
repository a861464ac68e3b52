#include "trace/stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace gnomon::trace::detail {
namespace {

constexpr std::chrono::milliseconds interval{100};
constexpr std::size_t piece = 4096;  // records between two moments at which room is given back

}  // namespace

Stream::Stream(const std::filesystem::path& file, const Process& process, Bell& bell)
    : file_(file), process_(process), bell_(bell) {
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw EnvironmentError("{}: the trace cannot be written: {}", file.string(),
                           std::strerror(errno));
  process_track_ = packets_.add_process(process);
  packets_.mark_beginning(process_track_);
  flush();
}

Stream::~Stream() {
  if (thread_.joinable()) {
    stopping_ = true;
    bell_.ring();
    thread_.join();
  }
  ::close(descriptor_);
}

void Stream::start(const Instant& begin, Threads threads) {
  scale_ = Scale(begin);
  threads_ = std::move(threads);
  thread_ = std::thread([this] { run(); });
}

void Stream::run() {
  while (!stopping_) {
    bell_.wait(interval);
    drain();
  }
}

void Stream::drain() {
  struct Amount {
    std::size_t used;
    bool ended;
  };
  const std::vector<Source> sources = threads_.list();
  std::vector<Amount> amounts;
  for (const auto& source : sources) {
    const bool ended = source.log->ended.load(std::memory_order_acquire);  // before `used`
    amounts.push_back({source.log->buffer.used.load(std::memory_order_acquire), ended});
  }
  scale_.add(read_instant());  // later than all that is now written
  for (std::size_t i = 0; i < sources.size(); ++i) {
    write(sources[i], amounts[i].used);
    if (amounts[i].ended) threads_.remove(sources[i].log.get());
  }
  flush();
}

void Stream::write(const Source& source, std::size_t used) {
  ThreadLog& log = *source.log;
  auto [entry, fresh] = targets_.try_emplace(log.number);
  auto& [track, thread] = entry->second;
  if (fresh) {
    thread = {.id = log.number, .name = source.name, .events = {}};
    track = packets_.add_thread(process_track_, process_, thread);
  } else if (thread.name != source.name) {
    thread.name = source.name;
    packets_.rename(track, process_, thread);
  }
  std::size_t next = log.buffer.written.load(std::memory_order_relaxed);
  while (next < used) {
    for (const std::size_t end = std::min(used, next + piece); next < end; ++next)
      write(track, log.buffer.records[next & log.buffer.mask]);
    log.buffer.written.store(next, std::memory_order_release);
    if (packets_.bytes.size() > (1 << 18)) flush();
  }
  const std::int64_t dropped = log.buffer.dropped.load(std::memory_order_relaxed);
  if (dropped == thread.dropped) return;
  packets_.mark_dropped(track, scale_.last(), dropped - thread.dropped);
  thread.dropped = dropped;
}

void Stream::write(Packets::Track& track, const Record& record) {
  if (record.begin < scale_.begin()) return;  // begun in an earlier recording
  if (record.name >= labels_.size())
    for (auto& label : labels(labels_.size())) labels_.push_back(std::move(label));
  const Event event = event_of(record, scale_);
  const Label& label = labels_.at(record.name);
  switch (record.kind) {
    case Kind::slice:
      packets_.begin(track, event, label);
      return packets_.end(track, event.end);
    case Kind::counter:
      return packets_.counter(track, event, label);
    case Kind::instant:
      return packets_.instant(track, event, label);
  }
}

// After a failure the file is cut to the packets that are whole.
void Stream::flush() {
  std::string_view rest = packets_.bytes;
  while (!rest.empty() && error_ == 0) {
    const auto n = ::write(descriptor_, rest.data(), rest.size());
    if (n >= 0)
      rest.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      error_ = errno;
  }
  if (error_ == 0)
    size_ += static_cast<std::int64_t>(packets_.bytes.size());
  else if (::ftruncate(descriptor_, size_) != 0)
    size_ = 0;  // a pipe, say: there is nothing to cut
  packets_.bytes.clear();
}

Trace Stream::finish() {
  stopping_ = true;
  bell_.ring();
  thread_.join();
  drain();
  Trace trace;
  trace.processes = {process_};
  trace.duration = scale_.last();
  trace.steady_clock = counter_is_invariant();
  packets_.mark_end(process_track_, trace.duration, trace.steady_clock);
  flush();
  if (error_ != 0)
    throw EnvironmentError("{}: the trace cannot be written: {}; it ends after {} bytes",
                           file_.string(), std::strerror(error_), size_);
  for (auto& [number, target] : targets_) trace.threads.push_back(std::move(target.thread));
  std::sort(trace.threads.begin(), trace.threads.end(),
            [](const Thread& a, const Thread& b) { return a.id < b.id; });
  return trace;
}

}  // namespace gnomon::trace::detail
