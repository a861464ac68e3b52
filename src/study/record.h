#pragma once

// Records: what studies measured, kept in one SQLite file that anyone may query. The schema is
// versioned (PRAGMA user_version) and migrated on opening.
//
// A block is written in one transaction when it is finished: whatever kills the program, finished
// blocks are there and a block begun is as if it had never been.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "base/units.h"
#include "study/database.h"
#include "study/runner.h"

namespace gnomon::study {

// What is recorded beside the replicates of one block.
struct BlockFacts {
  std::string started;  // UTC
  Seconds elapsed;      // of the whole block, between the replicates included
  double load = 0;      // one-minute average when it began
  Seconds steal;        // that the hypervisor gave to others meanwhile, over all processors
};

// One carrying-out of a study.
struct Run {
  std::int64_t id = 0;
  std::string study;
  std::string hash;         // content_hash of the study
  std::string environment;  // hash of what must be the same to go on: host and program
  std::string started;      // UTC
  std::string state;        // "running" (or killed), "stopped" (by the user), "finished"
  int most_blocks = 0;      // fixed after the pilot; 0 before
  int blocks = 0;           // finished
};

class Records {
 public:
  // Opens or creates the file and its folder. Throws InputError for a file that is damaged, foreign
  // or written by a newer version.
  explicit Records(const std::filesystem::path& file);
  static Records in_memory();

  // The latest unfinished run of the same study in the same environment.
  std::optional<Run> resumable(const std::string& hash, const std::string& environment) const;
  std::int64_t begin(const Run& run, std::string_view specification);
  void fix_most_blocks(std::int64_t run, int most_blocks);

  void add_block(std::int64_t run, int block, const BlockFacts& facts,
                 const std::vector<Observed>& replicates);
  std::vector<Replicate> replicates(std::int64_t run) const;  // by block and position
  Seconds measured(std::int64_t run) const;                   // the sum of the blocks
  Seconds steal(std::int64_t run) const;
  double highest_load(std::int64_t run) const;

  // The report as JSON, and why it is there: "stopped" or "finished".
  void conclude(std::int64_t run, std::string_view state, std::string_view report);

  std::vector<Run> runs() const;  // latest first
  // Throws InputError if there is no such run.
  Run run(std::int64_t id) const;
  // Throws InputError if the run was killed before its first report.
  std::string report(std::int64_t id) const;

  const std::filesystem::path& file() const { return database_.file(); }

 private:
  void migrate();

  Database database_;
};

// Held while a study writes, so that two processes never continue the same run. Throws InputError
// naming the process that holds it.
FileLock lock_records(const std::filesystem::path& records);

}  // namespace gnomon::study
