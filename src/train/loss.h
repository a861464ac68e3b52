#pragma once

// What is minimised, as part of the program.

#include <string>
#include <string_view>
#include <vector>

#include "ir/program.h"

namespace gnomon::train {

enum class Loss {
  // "logits" f[..., c] against the argument "label" i32[...]: the mean of −log
  // softmax(logits)[label].
  cross_entropy,
  // "logits" f[...] against the argument "label" f32[...]: the mean of the squared difference.
  mean_squared_error,
};

const std::vector<std::string>& loss_names();
Loss loss_named(std::string_view name);  // throws InputError with the nearest right name

// Adds the argument "label" and the output "loss", a scalar in f32. With `smoothing` s the label's
// share is 1 − s and every class, the label included, has s / c more (Szegedy et al.: "Rethinking
// the Inception architecture", CVPR 2016); only for cross_entropy. Throws InputError if the program
// has no output "logits" or one of too few dimensions.
ir::Program with_loss(ir::Program model, Loss loss, double smoothing = 0);

// Adds the output "prediction" i32[...]: the class of the largest logit.
ir::Program with_prediction(ir::Program classifier);

// The place of the output with this name among the program's. Throws InputError if there is none.
std::size_t output_index(const ir::Program& program, std::string_view name);

}  // namespace gnomon::train
