#include <unistd.h>

#include <cstdlib>

#include "app/command_line.h"
#include "machine/runnable.h"

namespace {

// OpenMP's idle threads spin before they sleep, for milliseconds unless told otherwise. That keeps
// steps short on cores of our own, which a hypervisor takes away when they sleep: two to three
// times shorter. But where others want the cores it costs them dearly, and us with them: then
// little is spun. The runtime reads the setting once, when it is loaded, hence the second exec.
void bound_spinning(char** argv) {
  constexpr const char* variable = "GOMP_SPINCOUNT";
  if (std::getenv(variable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (!gnomon::machine::others_want_cores()) return;
  ::setenv(variable, "1000", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  bound_spinning(argv);
  return gnomon::app::run(argc, argv);
}
