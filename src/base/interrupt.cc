#include "base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "base/error.h"

namespace gnomon {
namespace {

constexpr Seconds one_signal(0.3);

Seconds (*clock_of_signals)() = nullptr;
std::atomic<bool> signalled = false;
std::atomic<double> first = 0;  // when the first signal came
static_assert(std::atomic<double>::is_always_lock_free);

void handle(int signal) {
  const Seconds at = clock_of_signals();
  if (!signalled) {
    first = at.value;
    signalled = true;
  } else if (at - Seconds(first) > one_signal) {
    ::_exit(128 + signal);
  }
}

}  // namespace

void catch_interrupts(Seconds (*clock)()) {
  clock_of_signals = clock;
  struct sigaction action {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return signalled; }

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace gnomon
