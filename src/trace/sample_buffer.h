#pragma once

// One processor's samples of this process, as the kernel delivers them (perf_event_open(2)). The
// sampler reads them; nobody else needs it.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/units.h"
#include "trace/unwinder.h"

namespace gnomon::trace::detail {

class SampleBuffer {
 public:
  // Samples the calling thread, and those that it and its descendants make from now on, while they
  // are on that processor. Throws EnvironmentError with the remedy if the kernel refuses.
  SampleBuffer(int processor, Seconds period);
  ~SampleBuffer();
  SampleBuffer(SampleBuffer&& other) noexcept;
  SampleBuffer(const SampleBuffer&) = delete;
  SampleBuffer& operator=(const SampleBuffer&) = delete;

  int descriptor() const { return descriptor_; }  // poll(2) says when the buffer is half full
  void disable();

  // A sample is valid during the call.
  using Take = std::function<void(pid_t process, pid_t thread, const ThreadState& state)>;
  // Takes what there is. Returns how many samples were lost since the last time.
  std::int64_t drain(const Take& take);

 private:
  void* copy(std::uint64_t position, std::size_t size);

  int descriptor_ = -1;
  void* memory_ = nullptr;
  std::vector<std::uint64_t> record_;  // the one being read, in one piece
};

// The processors on which this thread may run.
std::vector<int> usable_processors();

}  // namespace gnomon::trace::detail
