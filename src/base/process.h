#pragma once

// Child processes: a fresh process is the unit of replication of every measurement.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"

namespace gnomon {

struct Command {
  std::vector<std::string> argv;                   // argv[0] is looked up in PATH
  std::map<std::string, std::string> environment;  // added to ours
  Seconds timeout = Seconds(3600);
  Bytes output_limit = Bytes(16 << 20);  // of each stream; more is dropped and said in `truncated`
};

struct Outcome {
  int exit_code = 0;  // 128 + signal if killed by one
  bool timed_out = false;
  bool truncated = false;
  std::string out;
  std::string err;
  Seconds wall;               // from exec to exit
  Seconds user, system;       // rusage of the child
  Bytes peak_memory;          // maximum resident set
  long context_switches = 0;  // involuntary
  long page_faults = 0;       // major and minor
};

// Runs to completion. On timeout or interrupt the whole process group is killed; an interrupt then
// throws Interrupted. Throws InputError if argv[0] cannot be executed.
Outcome run_command(const Command& command);

std::filesystem::path self_executable();

}  // namespace gnomon
