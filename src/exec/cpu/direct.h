#pragma once

// Convolutions of stride 1 in f32 and bf16, and the gradients of their weights, where the images or
// the results have at most eight channels, which leave oneDNN's blocks of channels empty in part:
// direct sums in loops of our own (direct_loops.h). The batch does not decide.

#include "exec/cpu/contraction.h"
#include "exec/cpu/kernel.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

// nullptr if another kernel is to run it, or the channels of a vector do not lie together.
std::unique_ptr<Kernel> make_direct(const Contraction& contraction, const Site& site);

// The layouts in which it runs, near those of the site; nullopt if another kernel is to run it.
std::optional<machine::NodeLayouts> direct_layouts(const Contraction& contraction,
                                                   const Site& site);

}  // namespace gnomon::exec::cpu
