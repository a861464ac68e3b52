#pragma once

// Numbers that went wrong, kept so that they can be looked at again: the operator that first made a
// number which is not finite, with its operands, in one safetensors file.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "exec/executor.h"
#include "exec/first_nonfinite.h"
#include "train/trainer.h"

namespace gnomon::train {

struct Replay {
  exec::Isolated isolated;
  std::string model;
  std::int64_t step = 0;
};

void save_replay(const std::filesystem::path& path, const Replay& replay);

// Throws InputError naming the file if it is absent, damaged or no replay.
Replay load_replay(const std::filesystem::path& path);

// Repeats a training from a snapshot up to `step`, and looks into that step for the origin of a
// number that is not finite. Nothing if the repetition finds none.
std::optional<Replay> find_origin(Trainer& trainer, exec::Executor& executor,
                                  const Snapshot& snapshot, std::int64_t step);

}  // namespace gnomon::train
