#pragma once

// Work done ahead on one background thread: a ring of slots that are filled in order, handed out in
// order and reused, so that the steady state allocates nothing.
//
// Threads: `fill` runs on the background thread only, everything else on one consuming thread. The
// slot handed out last belongs to the consumer until its next call.

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"

namespace gnomon::data {

template <typename Slot>
class Prefetcher {
 public:
  using Fill = std::function<void(Slot& slot, std::int64_t index)>;

  // Fills for indices first, first + 1, …; at most slots.size() − 1 ahead of the consumer.
  Prefetcher(std::vector<Slot> slots, std::int64_t first, Fill fill)
      : slots_(std::move(slots)), fill_(std::move(fill)), produced_(first), taken_(first) {
    GNOMON_CHECK(slots_.size() >= 2, "one slot for the consumer, one to fill");
    thread_ = std::thread([this] { run(); });
  }

  // Waits for a fill in progress, not for the ring.
  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    room_.notify_one();
    thread_.join();
  }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // The next slot; gives the one before back. Waits until it is filled. Rethrows what its fill
  // threw, at this and every later call.
  const Slot& next() {
    std::unique_lock lock(mutex_);
    held_ = false;
    room_.notify_one();
    filled_.wait(lock, [this] { return taken_ < produced_ || failure_ != nullptr; });
    if (taken_ == produced_) std::rethrow_exception(failure_);
    held_ = true;
    return at(taken_++);
  }

  // Slots that are filled and were not handed out yet.
  std::int64_t ready() const {
    const std::lock_guard lock(mutex_);
    return produced_ - taken_;
  }

 private:
  Slot& at(std::int64_t index) { return slots_[static_cast<std::size_t>(index) % slots_.size()]; }

  bool has_room() const {
    const std::int64_t oldest = taken_ - (held_ ? 1 : 0);
    return produced_ - oldest < static_cast<std::int64_t>(slots_.size());
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock, [this] { return stopping_ || has_room(); });
      if (stopping_) return;
      lock.unlock();
      std::exception_ptr failure;
      try {
        fill_(at(produced_), produced_);  // only this thread changes produced_
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure != nullptr) {
        failure_ = failure;
        filled_.notify_one();
        return;
      }
      ++produced_;
      filled_.notify_one();
    }
  }

  std::vector<Slot> slots_;
  Fill fill_;
  mutable std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::int64_t produced_;  // slots before this index are filled
  std::int64_t taken_;     // slots before this index were handed out
  bool held_ = true;       // slot taken_ − 1 is, or is kept, for the consumer
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace gnomon::data
