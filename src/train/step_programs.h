#pragma once

// What one step of a training is, as Programs: all of it on a whole batch, or parts and an update.

#include "ir/program.h"
#include "machine/target.h"
#include "train/options.h"

namespace gnomon::train {

// The Program of one training step: forward, loss, gradients and update, at the precision asked, on
// a whole batch. Arguments: the model's, "label", "learning_rate"; outputs: logits, loss,
// gradient_norm if it is reported.
ir::Program training_program(const ir::Program& model, const TrainOptions& options,
                             const machine::Target& target);

// A step on a batch that is computed in parts (pass/accumulate.h). `gradients` takes the model's
// arguments, of which "step" counts parts, and "label", and yields logits and loss; `update` takes
// "learning_rate" and what the optimiser needs, yields gradient_norm if it is reported, and has the
// states of both. Where something is computed from a batch's statistics, they are those of a part;
// otherwise a step does the same as the whole batch's, but for rounding.
struct AccumulatingPrograms {
  ir::Program gradients, update;
};
AccumulatingPrograms accumulating_programs(const ir::Program& model, const TrainOptions& options,
                                           const machine::Target& target);

}  // namespace gnomon::train
