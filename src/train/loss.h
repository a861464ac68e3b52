#pragma once

#include "ir/program.h"

namespace gnomon::train {

// Adds to a classifier with the output "logits" f32[b, c] the argument "label" i32[b] and the output "loss": the mean over the batch of the
// cross-entropy −log softmax(logits)[label], in f32.
ir::Program with_cross_entropy(ir::Program classifier);

// Adds the output "prediction" i32[b]: the class of the largest logit.
ir::Program with_prediction(ir::Program classifier);

}  // namespace gnomon::train
