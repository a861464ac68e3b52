#pragma once

// Supervised training: forward, loss, gradients and update as one Program, run batch by batch.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "data/loader.h"
#include "exec/executor.h"
#include "exec/first_nonfinite.h"
#include "pass/rematerialise.h"
#include "train/loss.h"
#include "train/options.h"
#include "train/zoo/zoo.h"

namespace gnomon::train {

// A model as two Programs over the same parameters. Both take the examples as their first argument
// and have the output "logits"; the one for training may take "step" (i64, counts from 1) and write
// statistics.
struct Model {
  ir::Program training;
  ir::Program inference;
};

Model model_named(std::string_view name, const ModelShape& shape);  // of the zoo

// The steps of a run on so many examples. Throws InputError for impossible options.
std::int64_t total_steps(const TrainOptions& options, std::int64_t examples);

struct Step {
  std::int64_t number = 0;  // from 1
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;  // if it is reported
};

// How good the model was after some step.
struct Assessment {
  std::int64_t step = 0;
  double epoch = 0;     // passes over the training examples by then
  double loss = 0;      // mean over the steps since the one before
  double accuracy = 0;  // on the test examples; 0 where nothing is predicted
  double test_loss = 0;
  Seconds duration;  // of the steps since the one before, in this process
};

struct TrainResult {
  std::vector<Assessment> assessments;
  std::int64_t steps = 0;  // from the beginning, earlier runs of a resumed training included
  double examples_per_second = 0;  // over the steps of this run
  bool interrupted = false;        // stopped by Ctrl-C after the steps counted

  double accuracy() const { return assessments.empty() ? 0 : assessments.back().accuracy; }
};

// Where a training stands between two steps, whole: what is resumed from it ends as if it had never
// stopped, bit by bit at the same number of threads.
struct Snapshot {
  std::map<std::string, Tensor> states;  // parameters, statistics, moments
  std::int64_t steps = 0;                // done
  double loss = 0;                       // summed over the steps since the last assessment
  std::vector<Assessment> assessments;
};

// The states of `inference` after a snapshot: parameters, averaged ones where they were averaged
// with that decay, and statistics. Throws InputError if the snapshot is of another model.
exec::States trained_states(const ir::Program& inference, const Snapshot& snapshot,
                            double average_decay);

// Calls made between steps, on the training thread.
struct Observer {
  std::function<void(const Step&)> step = [](const Step&) {};
  std::function<void(const Assessment&)> assessed = [](const Assessment&) {};
};

// A loss or gradient norm that is no finite number.
class NotFinite : public InputError {
 public:
  NotFinite(const Step& at, const std::string& message) : InputError(message), step(at) {}
  Step step;
};

// Throws InputError if a model that takes such examples does not take so many at once.
void require_batch(const ir::Program& model, const ir::Type& examples, std::int64_t batch);

// Throws InputError if examples or labels are not what the forward Program `model` takes in batches
// of this size, or what the loss compares with.
void require_fit(const ir::Program& model, const data::Dataset& data, std::int64_t batch,
                 Loss loss);

class Trainer {
 public:
  // Initialises the states from the seed. Keeps references to executor and data. Throws InputError
  // for options that make no sense, and if model and data do not fit.
  Trainer(Model model, exec::Executor& executor, const data::Splits& data,
          const TrainOptions& options);
  ~Trainer();

  // Trains on data.train and evaluates on data.test. On Ctrl-C the step under way is finished and
  // the result says so. Throws NotFinite; the states are then those after that step.
  TrainResult run(const Observer& observer = {});

  Snapshot snapshot() const;
  // Before `run`, which goes on from there. Throws InputError if the snapshot is of another model
  // or optimiser.
  void resume(const Snapshot& snapshot);

  // Does steps until so many are done, without evaluating.
  void advance(std::int64_t steps);
  // Where the next step first makes a number that is not finite, if it does. Does the step in
  // part: `resume` before anything else.
  std::optional<exec::Isolated> first_nonfinite(exec::Executor& executor);

  std::int64_t steps() const;        // done
  std::int64_t total_steps() const;  // to do in all
  const std::vector<Assessment>& assessments() const;
  const ir::Program& model() const;
  exec::States& states();
  // What the memory budget made of a step; nothing before the first, or if there is none.
  std::optional<pass::Recomputation> recomputation() const;
  // The states of `model`, as trained so far: the averaged parameters if the update averages.
  exec::States trained() const;

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

}  // namespace gnomon::train
