#pragma once

namespace gnomon::app {

// The command line. Returns the exit code: 0 success, 1 the answer is no, 2 bad usage or input, 3
// the environment lacks something, 70 a bug of ours, 130 interrupted.
int run(int argc, char** argv);

}  // namespace gnomon::app
