#pragma once

// One step of a training on one batch: on all of it at once, or in parts whose gradients are added
// up before the parameters move.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/loader.h"
#include "exec/executor.h"
#include "exec/first_nonfinite.h"
#include "ir/program.h"
#include "train/options.h"

namespace gnomon::train {

class StepRunner {
 public:
  // Compiles what the options ask for. Keeps no reference to the executor.
  StepRunner(const ir::Program& model, const TrainOptions& options, exec::Executor& executor);

  // A program that has all states of the training.
  const ir::Program& program() const { return last().program; }
  // Those of them that are 0 between two steps.
  const std::vector<std::string>& accumulators() const { return accumulators_; }

  struct Result {
    double loss = 0;           // the mean over the parts
    double gradient_norm = 0;  // if it is reported
  };
  // Steps count from 1.
  Result run(const data::Batch& batch, double rate, std::int64_t step, exec::States& states);

  // Where such a step first makes a number that is not finite, if it does. Does the step in part:
  // accumulators and statistics are then those of some part of it.
  std::optional<exec::Isolated> first_nonfinite(const data::Batch& batch, double rate,
                                                std::int64_t step, exec::States& states,
                                                exec::Executor& executor);

  std::optional<pass::Recomputation> recomputation() const {
    return part_->executable->recomputation();
  }

 private:
  // What a program is called with, in the order of its arguments.
  class Arguments {
   public:
    explicit Arguments(const ir::Program& program);
    Arguments(const Arguments&) = delete;
    Arguments& operator=(const Arguments&) = delete;
    // A program that takes no examples ignores them.
    std::span<const Tensor* const> bind(const data::Batch& examples, double rate,
                                        std::int64_t step);

   private:
    Tensor rate_{DType::f32, {}};
    Tensor step_{DType::i64, {}};
    std::vector<const Tensor*> order_;
    std::optional<std::size_t> example_, label_;
  };

  struct Phase {
    Phase(ir::Program made, exec::Executor& executor,
          const std::optional<pass::MemoryBudget>& memory);
    void run(const data::Batch& examples, double rate, std::int64_t step, exec::States& states) {
      executable->run(arguments.bind(examples, rate, step), states, outputs);
    }

    ir::Program program;
    std::unique_ptr<exec::Executable> executable;
    Arguments arguments;
    std::vector<Tensor> outputs;
  };

  const Phase& last() const { return update_ ? *update_ : *part_; }
  const data::Batch& part_of(const data::Batch& batch, std::int64_t part);
  std::int64_t number_of(std::int64_t step, std::int64_t part) const {
    return (step - 1) * parts_ + part + 1;
  }

  std::int64_t parts_;
  bool reports_norm_;
  std::optional<Phase> part_;    // the whole step if there is no `update_`
  std::optional<Phase> update_;  // run after the parts
  std::size_t loss_output_ = 0;
  std::vector<std::string> accumulators_;
  data::Batch taken_;  // the part under way
};

}  // namespace gnomon::train
