#pragma once

// Child processes: a fresh process is the unit of replication of every measurement.
//
// The child gets an empty standard input, its own process group and default signal handling; it is
// killed if the thread that runs it dies, so a killed study leaves nothing running that would
// disturb its successor. Whatever the child leaves behind in its group is killed when it exits.

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
  Seconds wall;          // from exec to exit: the cost of creating the process is left out
  Seconds user, system;  // rusage of the child and of the children it waited for
  // Maximum resident set. The kernel counts from the fork, so this is never below what our own
  // process held in private memory then (`memory_floor`).
  Bytes peak_memory;
  Bytes memory_floor;
  long context_switches = 0;  // involuntary
  long page_faults = 0;       // major and minor
};

// Runs to completion. On timeout or interrupt the whole process group is killed; an interrupt then
// throws Interrupted. Throws InputError if argv[0] cannot be executed, EnvironmentError if no
// process can be created. Call it from a thread that outlives the child.
Outcome run_command(const Command& command);

// What this process holds in memory now. 0 where the system does not tell.
Bytes resident_memory();

// This program's own file, to be run again as a child.
std::filesystem::path self_executable();

}  // namespace gnomon
