#include "base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "base/error.h"

namespace gnomon {
namespace {

constexpr std::int64_t one_signal = 300'000'000;  // ns

// When the first signal came, by the monotonic clock; 0 before.
std::atomic<std::int64_t> first = 0;
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

void handle(int signal) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t at = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  std::int64_t before = 0;
  if (!first.compare_exchange_strong(before, at) && at - before > one_signal) ::_exit(128 + signal);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return first != 0; }

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace gnomon
