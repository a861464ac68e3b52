#pragma once

// Where native CPU time goes: interrupts the threads of this process again and again, and counts
// the stacks that they are found with. An operator of a trace says how long a library's kernel
// took; this says what it did meanwhile, and what ran where no operator did.
//
//   trace::StackSampler sampler;  // before the threads are made that are to be sampled
//   …
//   write_file(file, trace::to_folded(sampler.stop()));
//
// How: the kernel's task clock (perf_event_open(2), PERF_COUNT_SW_TASK_CLOCK) interrupts a thread
// each time it has used a `period` of CPU time, and copies its registers and the top 24 KiB of its
// stack into a buffer of its processor. A thread of the sampler's own takes them from there,
// unwinds them (unwinder.h), names the functions (code_names.h) and adds them to a tree. So the
// unit is CPU time of threads, in the program and its libraries: who waits is not sampled, and of
// time in the kernel nothing is seen.
//
// - Threads: the one that makes the sampler, and all that it and its descendants start from then
//   on; neither the sampler's own, nor children of the process. The first is called "main", the
//   others "thread 2", … in the order of their first sample, with their name if they have one of
//   their own.
// - Code that was generated while the program ran has no tables to unwind it by; its caller is
//   searched for on the stack (unwinder.h). Where a stack's beginning was not reached, because that
//   failed or the copy was too short, what is known of it hangs below `callers_unknown` (stacks.h).
// - What is inlined has no frame of its own: its time is its caller's.
// - Memory: half a MiB a processor; of the tree at most `most_calls`, the rest is counted together
//   (StackCounter::beyond); names. Samples for which a buffer had no room are counted as lost.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/units.h"
#include "trace/stacks.h"

namespace gnomon::trace {

struct SamplerOptions {
  Seconds period = Seconds(1.0 / 199);  // a prime number a second, so as not to march with a loop
  std::size_t most_calls = 200'000;
  // Where code generators list their functions (code_names.h).
  std::vector<std::filesystem::path> generated_maps = {};
};

class StackSampler {
 public:
  // Samples from now on. Throws EnvironmentError that names what the kernel refuses and the remedy;
  // InputError for a period below 100 µs or above a second.
  explicit StackSampler(const SamplerOptions& options = {});
  ~StackSampler();
  StackSampler(const StackSampler&) = delete;
  StackSampler& operator=(const StackSampler&) = delete;

  // Counted so far. Any thread may ask.
  std::int64_t samples() const;

  // Ends the sampling. Throws EnvironmentError if it failed on the way.
  Stacks stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gnomon::trace
