#include <unistd.h>
#include <cstdlib>

#include "app/command_line.h"

namespace {

// OpenMP's idle threads spin before they sleep: about a millisecond unless told otherwise, which
// costs the other processes on a shared machine dearly, and us with them. The runtime reads the
// setting once, when it is loaded, hence the second exec.
void bound_spinning(char** argv) {
  constexpr const char* variable = "GOMP_SPINCOUNT";
  if (std::getenv(variable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv(variable, "1000", 1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  bound_spinning(argv);
  return gnomon::app::run(argc, argv);
}
