#pragma once

// Gradient accumulation: a step on more examples than are computed at once. One program, run for
// each part of the batch, adds up the gradients; another, run once, moves the parameters.

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/program.h"

namespace gnomon::pass {

// The moment in which a parameter's gradients are added up; 0 between two steps:
// "conv1.weight.gradient".
std::string accumulator_name(std::string_view parameter);

// Takes what `gradient` made. The gradients are no longer outputs but added to the accumulators.
ir::Program accumulate(const ir::Program& with_gradients);

// From the same, a program of the same states without arguments whose outputs are the gradients'
// means over so many runs of `accumulate`, in the form that `update` takes. It sets the
// accumulators back to 0.
ir::Program accumulated(const ir::Program& with_gradients, std::int64_t runs);

}  // namespace gnomon::pass
