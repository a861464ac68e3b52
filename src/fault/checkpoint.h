#pragma once

// Checkpoints: what a run is resumed from, one file for each of some steps in one folder.
//
// A file is a safetensors file (data/safetensors.h: atomic, tensors checksummed by XXH3) whose
// metadata is the manifest: format version, step, score, facts, and a checksum of the manifest
// itself and of the names, types and shapes of the tensors. So a file is either whole or refused.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "base/units.h"
#include "data/safetensors.h"

namespace gnomon::fault {

struct Checkpoint {
  std::int64_t step = 0;
  std::optional<double> score;               // the larger the better
  std::map<std::string, Tensor> tensors;     // by name
  std::map<std::string, std::string> facts;  // what else the run needs to go on
};

// Which checkpoints stay: the `last` newest, the one of the highest score, and each whose step is a
// multiple of `every` (0: none for that reason).
struct Retention {
  int last = 2;
  bool best = true;
  std::int64_t every = 0;
};

void write_checkpoint(const std::filesystem::path& file, Checkpoint checkpoint);

// Throws InputError naming the file: absent, damaged, no checkpoint, or written by a newer version.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// What the file holds, and the way back; `origin` is for messages.
data::NamedTensors contents_of(Checkpoint checkpoint);
Checkpoint checkpoint_of(data::NamedTensors contents, std::string_view origin);

// What writing cost.
struct CheckpointCost {
  int written = 0;
  Seconds writing;  // in the background
  Seconds waiting;  // of the caller, for a write that was not finished yet
  Bytes bytes;      // of the last

  // What one process after another spent on the same run.
  CheckpointCost& operator+=(const CheckpointCost& later);
};

// One folder of checkpoints, written by a thread of its own so that a run goes on meanwhile. Used
// by one thread at a time.
class Checkpoints {
 public:
  // Files that a killed process left half-written are removed; others than ours stay.
  Checkpoints(std::filesystem::path folder, const Retention& retention);
  ~Checkpoints();  // waits; an error of the last write is lost unless `wait` was called
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;

  // Takes the snapshot over and returns, after an earlier write has finished. Rethrows what an
  // earlier write threw: EnvironmentError, when the disk is full. Older files go only after the
  // new one is there.
  void save(Checkpoint checkpoint);
  void wait();

  CheckpointCost cost() const;

 private:
  class Writer;
  std::unique_ptr<Writer> writer_;
};

struct Latest {
  std::optional<Checkpoint> checkpoint;
  std::filesystem::path file;
  std::vector<std::string> damaged;  // newer ones that were refused, and why
};

// The newest checkpoint of a folder that reads whole; none if there is none.
Latest latest_checkpoint(const std::filesystem::path& folder);

// The files of a folder with their steps, oldest first.
std::map<std::int64_t, std::filesystem::path> checkpoint_files(const std::filesystem::path& folder);

struct Ranked {
  std::int64_t step = 0;
  double score = 0;
};

// The one of the highest score, the first of equals, by the manifests alone: files may be large.
// Those without a score and damaged ones (latest_checkpoint names them) are passed over; none if
// none is left.
std::optional<Ranked> best_checkpoint(const std::filesystem::path& folder);

}  // namespace gnomon::fault
