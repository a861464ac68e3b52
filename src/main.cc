#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "app/command_line.h"

namespace {

// Processes that run or want to, ourselves among them; 0 if the kernel does not say.
int runnable() {
  std::ifstream file("/proc/loadavg");
  double one = 0, five = 0, fifteen = 0;
  int running = 0;
  return file >> one >> five >> fifteen >> running ? running : 0;
}

// OpenMP's idle threads spin before they sleep, for milliseconds unless told otherwise. That keeps
// steps short on cores of our own, which a hypervisor takes away when they sleep: two to three
// times shorter. But where others want the cores it costs them dearly, and us with them: from one
// of them for eight cores on, little is spun. The runtime reads the setting once, when it is
// loaded, hence the second exec.
void bound_spinning(char** argv) {
  constexpr const char* variable = "GOMP_SPINCOUNT";
  if (std::getenv(variable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  int others = INT_MAX;
  for (int sample = 0; sample < 3; ++sample) {
    if (sample > 0) ::usleep(500);
    others = std::min(others, runnable() - 1);
  }
  if (others <= static_cast<int>(std::thread::hardware_concurrency()) / 8) return;
  ::setenv(variable, "1000", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  bound_spinning(argv);
  return gnomon::app::run(argc, argv);
}
