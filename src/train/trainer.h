#pragma once

// Supervised training of a classifier by stochastic gradient descent.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/units.h"
#include "data/dataset.h"
#include "exec/executor.h"
#include "train/precision.h"
#include "train/schedule.h"

namespace gnomon::train {

struct TrainOptions {
  std::int64_t epochs = 6;
  std::int64_t batch = 64;
  double learning_rate = 0.05;
  double momentum = 0.9;
  double weight_decay = 0;
  Schedule schedule = Schedule::cosine;
  Precision precision = Precision::f32;
  std::uint64_t seed = 0;
};

struct Epoch {
  std::int64_t number = 0;  // from 1
  double loss = 0;          // mean over its steps
  double accuracy = 0;      // on the test images, after it
  Seconds duration;         // of the steps alone
};

struct TrainResult {
  std::vector<Epoch> epochs;
  std::int64_t steps = 0;
  double accuracy = 0;           // on the test images, at the end
  double images_per_second = 0;  // over all steps
  bool interrupted = false;      // stopped by Ctrl-C after the steps counted
};

// The Program of one training step: forward, loss, gradients and updates, at the precision asked. Arguments: image, label, learning_rate;
// outputs: logits, loss.
ir::Program training_program(const ir::Program& model, const TrainOptions& options,
                             const machine::Target& target);

class Trainer {
 public:
  // Initialises the states from the seed. Throws InputError for options that make no sense.
  Trainer(ir::Program model, exec::Executor& executor, const TrainOptions& options);
  ~Trainer();

  // Trains on data.train and evaluates on data.test after each epoch, calling `report` with it. On Ctrl-C the step under way
  // is finished and the result says so.
  TrainResult run(const data::Splits& data, const std::function<void(const Epoch&)>& report);

  const ir::Program& model() const { return model_; }
  exec::States& states() { return *states_; }

 private:
  double train_epoch(const data::Splits& data, std::int64_t number, TrainResult& result);

  ir::Program model_;
  exec::Executor& executor_;
  TrainOptions options_;
  std::unique_ptr<exec::Executable> step_;
  std::unique_ptr<exec::States> states_;
};

}  // namespace gnomon::train
