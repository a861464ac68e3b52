#include "trace/stack_sampler.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "trace/code_names.h"
#include "trace/sample_buffer.h"
#include "trace/unwinder.h"

namespace gnomon::trace {
namespace {

constexpr std::size_t most_threads = 1000;

std::string name_of_thread(pid_t thread) {
  std::ifstream in(fmt::format("/proc/self/task/{}/comm", thread));
  std::string name;
  std::getline(in, name);
  return name;
}

// What threads are called, by their numbers in the order in which they are asked for.
class ThreadNames {
 public:
  explicit ThreadNames(StackCounter& counter) : counter_(counter) {}

  std::uint32_t of(pid_t thread) {
    if (const auto found = known_.find(thread); found != known_.end()) return found->second;
    if (known_.size() == most_threads) return counter_.function("further threads");
    return known_[thread] = counter_.function(name(thread));
  }

 private:
  std::string name(pid_t thread) {
    if (thread == ::getpid()) return "main";
    const std::string own = name_of_thread(thread);
    const std::string number = fmt::format("thread {}", ++last_);
    return own.empty() || own == name_of_thread(::getpid()) ? number
                                                            : fmt::format("{} ({})", number, own);
  }

  StackCounter& counter_;
  int last_ = 1;  // the main thread is the first, even if it has no sample
  std::unordered_map<pid_t, std::uint32_t> known_;
};

}  // namespace

struct StackSampler::State {
  explicit State(const SamplerOptions& options)
      : period(options.period),
        counter(options.most_calls),
        names(counter, options.generated_maps) {
    unknown = counter.function(callers_unknown);
    for (const int processor : detail::usable_processors())
      buffers.emplace_back(processor, options.period);
    wake = ::eventfd(0, EFD_CLOEXEC);
    if (wake < 0) throw EnvironmentError("eventfd: {}; close some files", std::strerror(errno));
    worker = std::thread([this] { run(); });
  }

  ~State() {
    finish();
    ::close(wake);
  }

  void finish() {
    if (!worker.joinable()) return;
    for (auto& buffer : buffers) buffer.disable();
    stopping = true;
    ::eventfd_write(wake, 1);
    worker.join();
  }

  void run() {
    std::vector<pollfd> ready{{wake, POLLIN, 0}};
    for (const auto& buffer : buffers) ready.push_back({buffer.descriptor(), POLLIN, 0});
    try {
      while (!stopping) {
        // Interrupted by a signal, it finds less to do.
        ::poll(ready.data(), ready.size(), -1);
        drain();
      }
      drain();  // what came until all were disabled
    } catch (...) {
      failure = std::current_exception();
    }
  }

  void drain() {
    for (auto& buffer : buffers)
      lost += buffer.drain(
          [this, self = ::gettid()](pid_t process, pid_t thread, const detail::ThreadState& state) {
            if (process == ::getpid() && thread != self) take(thread, state);
          });
  }

  void take(pid_t thread, const detail::ThreadState& state) {
    const bool complete = unwinder.unwind(state, frames);
    stack.assign({threads.of(thread)});
    if (!complete) stack.push_back(unknown);
    for (std::size_t i = frames.size(); i-- > 0;) stack.push_back(names.of(frames[i]));
    counter.add(stack, 1);
    taken.fetch_add(1, std::memory_order_relaxed);
  }

  Seconds period;
  StackCounter counter;
  detail::CodeNames names;
  ThreadNames threads{counter};
  detail::Unwinder unwinder;
  std::uint32_t unknown = 0;
  std::vector<detail::Unwinder::Frame> frames;
  std::vector<std::uint32_t> stack;
  std::int64_t lost = 0;
  std::atomic<std::int64_t> taken = 0;

  std::vector<detail::SampleBuffer> buffers;
  int wake = -1;
  std::atomic<bool> stopping = false;
  std::exception_ptr failure;
  std::thread worker;
};

StackSampler::StackSampler(const SamplerOptions& options) {
  if (options.period < Seconds(1e-4) || options.period > Seconds(1))
    throw InputError("a period of {} between samples: must be between 100 µs and 1 s",
                     to_string(options.period));
  state_ = std::make_unique<State>(options);
}

StackSampler::~StackSampler() = default;

std::int64_t StackSampler::samples() const { return state_->taken.load(std::memory_order_relaxed); }

Stacks StackSampler::stop() {
  state_->finish();
  if (state_->failure) std::rethrow_exception(state_->failure);
  Stacks stacks = state_->counter.take();
  stacks.period = state_->period;
  stacks.lost = state_->lost;
  return stacks;
}

}  // namespace gnomon::trace
