#pragma once

// Writes a recording to a file while it goes on: a thread of its own takes what the others have
// recorded, ten times a second and whenever one has filled half its buffer, and appends Perfetto
// packets (perfetto.h). The recorder owns one.

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "trace/perfetto.h"
#include "trace/thread_log.h"

namespace gnomon::trace::detail {

// Wakes the writer; any thread may.
class Bell {
 public:
  void ring() {
    if (rung_.exchange(true)) return;
    const std::lock_guard lock(mutex_);
    condition_.notify_one();
  }
  // Until it was rung or some time has passed.
  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, time, [&] { return rung_.load(); });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::atomic<bool> rung_ = false;
};

class Stream {
 public:
  // A thread as the writer sees it: its log and its present name.
  struct Source {
    std::shared_ptr<ThreadLog> log;
    std::string name;
  };
  // What the recorder gives the writer, both safe to call from the writer's thread: all threads,
  // and the removal of one that has ended.
  struct Threads {
    std::function<std::vector<Source>()> list;
    std::function<void(const ThreadLog*)> remove;
  };

  // Throws EnvironmentError if the file cannot be created.
  Stream(const std::filesystem::path& file, const Process& process, Bell& bell);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start(const Instant& begin, Threads threads);
  // Writes the rest and the end. Returns the threads without events, and the duration. Throws
  // EnvironmentError if the file could not be written.
  Trace finish();

 private:
  struct Target {
    Packets::Track track;
    Thread thread;  // without events
  };

  void run();
  void drain();
  void write(const Source& source, std::size_t used);
  void write(Packets::Track& track, const Record& record);
  void flush();

  std::filesystem::path file_;
  Process process_;
  Bell& bell_;
  int descriptor_ = -1;
  int error_ = 0;  // errno of the first write that failed; nothing is written after it
  std::int64_t size_ = 0;

  Threads threads_;
  Scale scale_{Instant{}};
  Packets packets_;
  Packets::Track process_track_;
  std::vector<Label> labels_;
  std::unordered_map<int, Target> targets_;  // by the log's number
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace gnomon::trace::detail
