#pragma once

// The options that every command which runs a model has: on which executor, with how many threads,
// traced or sampled to which file.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command.h"
#include "exec/executor.h"
#include "pass/rematerialise.h"

namespace gnomon::app {

struct Execution {
  std::string executor = "cpu";
  int threads = 0;          // 0: one per core
  std::string trace_file;   // empty: not traced
  std::string stacks_file;  // empty: not sampled
};

void add_threads_option(CLI::App& command, Execution& execution);

// The executor, its threads, and what is recorded of it.
void add_execution_options(CLI::App& command, Execution& execution);

// Takes its text, for memory_budget.
void add_rematerialise_option(CLI::App& command, std::string& text);

// "auto", or bytes: "1500000", "120 MiB". Nothing if empty. Throws InputError for anything else.
std::optional<pass::MemoryBudget> memory_budget(std::string_view text);

// "values take 104 MiB of memory instead of 210 MiB: …"
std::string sentence(const pass::Recomputation& recomputation);

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
