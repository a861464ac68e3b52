#include "base/interrupt.h"

#include <unistd.h>
#include <csignal>

#include "base/error.h"

namespace gnomon {
namespace {

volatile std::sig_atomic_t flag = 0;

void handle(int signal) {
  if (flag != 0) ::_exit(128 + signal);
  flag = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return flag != 0; }

void check_interrupt() {
  if (interrupted()) throw Interrupted();
}

}  // namespace gnomon
