#pragma once

// The options that every command which runs a model has: on which executor, with how many threads, traced to which file.

#include <memory>
#include <string>

#include "app/command.h"
#include "exec/executor.h"

namespace gnomon::app {

struct Execution {
  std::string executor = "cpu";
  int threads = 0;         // 0: one per core
  std::string trace_file;  // empty: not traced
};

void add_execution_options(CLI::App& command, Execution& execution);

// Throws InputError for an unknown executor or an impossible number of threads.
std::unique_ptr<exec::Executor> make_executor(const Execution& execution);

// Records while it lives and writes the trace to `file` in `finish`; does nothing if `file` is empty.
class Tracing {
 public:
  explicit Tracing(const std::string& file);
  ~Tracing();
  void finish();  // throws EnvironmentError if the file cannot be written

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gnomon::app
