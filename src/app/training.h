#pragma once

// A training run from start, or from where it stopped, to its end: data, executor, trainer, the
// run's folder with its checkpoints, and what the user sees of it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/execution.h"
#include "fault/checkpoint.h"
#include "train/generate.h"
#include "train/model_file.h"
#include "train/recipe.h"
#include "train/run.h"

namespace gnomon::app {

struct Training {
  train::Recipe recipe;
  Execution execution;
  std::filesystem::path folder;       // of the run; empty: nothing is kept but the model
  std::filesystem::path out;          // of the model; empty: in the run's folder
  std::string rematerialise;          // as memory_budget takes it
  bool default_warmup = false;        // the recipe's: at most a tenth of the steps are taken
  bool resume = false;                // go on from the folder's latest checkpoint
  std::filesystem::path weights;      // to start from; empty: as the model draws them
  double checkpoint_seconds = 60;     // between checkpoints, besides those after evaluations
  std::int64_t checkpoint_steps = 0;  // if not 0: every so many steps instead
  fault::Retention retention;
  bool quiet = false;  // print nothing on the way
};

struct Trained {
  train::RunRecord record;
  std::filesystem::path model;
};

// Ctrl-C ends it after the step under way, with a checkpoint and the model as it stands; the
// record's state says so. Throws as its parts do; on a loss that is not finite, train::NotFinite
// whose message says which operator it came from and how to replay it.
Trained run_training(const Training& training);

// The model of a run as one of its checkpoints has it: "best", of the least test loss, "latest", or
// that of a step. Reads the run's data. Throws InputError with the checkpoints that there are, and
// if the data have changed.
train::ModelFile checkpoint_model(const std::filesystem::path& folder,
                                  const std::string& checkpoint);

// Continues a text by what the model makes of it.
std::string continue_text(train::Decoder& decoder, const data::Tokeniser& tokeniser,
                          const std::string& prompt, std::int64_t tokens,
                          const train::Sampling& sampling);

}  // namespace gnomon::app
