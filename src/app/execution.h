#pragma once

// The options that every command which runs a model has: on which executor, with how many threads,
// traced or sampled to which file.

#include <memory>
#include <string>

#include "app/command.h"
#include "exec/executor.h"

namespace gnomon::app {

struct Execution {
  std::string executor = "cpu";
  int threads = 0;          // 0: one per core
  std::string trace_file;   // empty: not traced
  std::string stacks_file;  // empty: not sampled
};

void add_execution_options(CLI::App& command, Execution& execution);

int threads_of(const Execution& execution);  // throws InputError for an impossible number

// Throws InputError for an unknown executor, and as threads_of.
std::unique_ptr<exec::Executor> make_executor(const Execution& execution);

// Records while it lives; does nothing if `file` is empty. A file whose name ends in .json is
// written by `finish`, from what the buffers held; any other is written while the run goes on, and
// `finish` ends it.
class Tracing {
 public:
  explicit Tracing(const std::string& file);  // throws EnvironmentError if it cannot be created
  ~Tracing();
  void finish();  // throws EnvironmentError if the file cannot be written

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Samples native stacks from its construction to `finish`; does nothing if `file` is empty. Make it
// before the executor, whose threads would not be sampled otherwise and whose kernels not be named.
class StackSampling {
 public:
  // Throws EnvironmentError if the kernel does not allow it or the file could not be written.
  explicit StackSampling(const std::string& file);
  ~StackSampling();
  void finish();  // throws EnvironmentError if the file cannot be written

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gnomon::app
