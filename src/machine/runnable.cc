#include "machine/runnable.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <fstream>
#include <thread>

namespace gnomon::machine {
namespace {

// Ourselves among them.
int runnable() {
  std::ifstream file("/proc/loadavg");
  double one = 0, five = 0, fifteen = 0;
  int running = 0;
  return file >> one >> five >> fifteen >> running ? running : 0;
}

}  // namespace

int other_runnable_processes() {
  int others = INT_MAX;
  for (int sample = 0; sample < 3; ++sample) {
    if (sample > 0) ::usleep(500);
    others = std::min(others, runnable() - 1);
  }
  return std::max(others, 0);
}

bool others_want_cores() {
  return other_runnable_processes() > static_cast<int>(std::thread::hardware_concurrency()) / 8;
}

}  // namespace gnomon::machine
