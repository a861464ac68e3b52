#pragma once

// A training run on disk: one folder with all there is to know about it.
//
//   run.json            what is trained, how far it is, how good it was; atomic, with a checksum
//   steps.csv           step,loss,learning_rate,gradient_norm: a line for every step
//   checkpoints/        where it is resumed from (fault/checkpoint.h)
//   model.safetensors   the trained model, at the end (train/model_file.h)
//   report.html         the same for people
//
// Threads: one at a time. Processes: one may hold a run (lock_run), any may read it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "fault/checkpoint.h"
#include "train/recipe.h"
#include "train/trainer.h"

namespace gnomon::train {

// A killed run is `running` on disk; is_held tells.
enum class RunState { running, interrupted, finished, failed };
std::string_view name(RunState state);

// Text that a language model wrote after some step.
struct Sample {
  std::int64_t step = 0;
  std::string prompt, text;

  bool operator==(const Sample&) const = default;
};

struct RunRecord {
  RunState state = RunState::running;
  std::string started, updated;  // UTC
  Recipe recipe;
  std::map<std::string, std::string> facts;  // executor, threads, data hash, host, …
  std::int64_t steps = 0, total_steps = 0;
  double examples_per_second = 0;
  std::vector<Assessment> assessments;
  std::vector<Sample> samples;
  std::vector<std::string> warnings;
  fault::CheckpointCost checkpoints;
};

// Throw EnvironmentError if the file cannot be written; InputError naming it if it is absent,
// damaged or larger than 64 MiB.
void write_run(const std::filesystem::path& folder, const RunRecord& record);
RunRecord read_run(const std::filesystem::path& folder);
RunRecord parse_run(std::string_view text, std::string_view origin);

// The record of a run that is to go on; where it is absent or damaged, that in the newest
// checkpoint. Throws InputError if there is neither, or the record is one that this version cannot
// read.
struct Recovered {
  RunRecord record;
  std::string damage;  // of the file, if the record is the checkpoint's
};
Recovered recover_run(const std::filesystem::path& folder);

// Whether the folder holds a run, or checkpoints of one.
bool holds_run(const std::filesystem::path& folder);

// Whether the model says classes, which may be right: of numbers there is a loss alone.
bool has_accuracy(const RunRecord& record);

// [{"step", "epoch", "loss", "accuracy", "test_loss", "seconds"}, …]; numbers that are not finite
// are printed as null, and so is the accuracy where there is none.
nlohmann::ordered_json assessments_json(const RunRecord& record);

// The folders below `root` that hold a run or checkpoints of one, by the time of their last change,
// the latest last.
std::vector<std::filesystem::path> list_runs(const std::filesystem::path& root);

// Creates root/MODEL-N, N the smallest number from 1 that is free; whoever else asks gets another.
// Throws EnvironmentError if that cannot be done.
std::filesystem::path new_run_folder(const std::filesystem::path& root, const std::string& model);

// What a killed process left half-written of the run's files, those of the checkpoints excepted. Of
// a run that no other process holds.
void remove_unfinished(const std::filesystem::path& folder);

// Deletes the run's files, and the folder if nothing else is in it.
void remove_run(const std::filesystem::path& folder);

// The right to change a run. Creates the folder. Throws EnvironmentError if another process holds
// the run.
FileLock lock_run(const std::filesystem::path& folder);
bool is_held(const std::filesystem::path& folder);

// What has become of the run: its state's name, or "killed" if its process is gone without a word.
std::string state_of(const RunRecord& record, const std::filesystem::path& folder);

// steps.csv, appended to while the run goes on.
class StepLog {
 public:
  // Keeps the lines of the first `steps` steps of what an earlier process wrote; `damage` says which
  // were none.
  StepLog(const std::filesystem::path& folder, std::int64_t steps);
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;
  const std::string& damage() const { return damage_; }
  void add(const Step& step);
  // Hands to the system what was added. Throws EnvironmentError if that fails; the file is then as
  // before.
  void flush();

 private:
  std::filesystem::path file_;
  std::string damage_;
  int descriptor_ = -1;
  std::string added_;
};

// Whole lines; a last one that was cut off is left out; none where there is no log. Throws
// InputError for anything else.
std::vector<Step> read_steps(const std::filesystem::path& folder);
std::vector<Step> parse_steps(std::string_view text, std::string_view origin);

// The conversion between a training's state, with its record, and a checkpoint of it. `snapshot_of`
// and `run_of` throw InputError for a checkpoint of something else.
fault::Checkpoint to_checkpoint(Snapshot snapshot, RunRecord record);
Snapshot snapshot_of(fault::Checkpoint checkpoint, std::string_view origin);
RunRecord run_of(const fault::Checkpoint& checkpoint, std::string_view origin);

inline std::filesystem::path checkpoint_folder(const std::filesystem::path& run) {
  return run / "checkpoints";
}
inline std::filesystem::path model_path(const std::filesystem::path& run) {
  return run / "model.safetensors";
}

}  // namespace gnomon::train
