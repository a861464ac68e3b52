#pragma once

// Gradients of the weights of convolutions in bf16 by pairs of pixels (bf16_gradient_loops.h), where
// the processor multiplies bf16 in vectors of AVX-512 and has no AMX, kernels are three wide and
// channels fill vectors. The batch does not decide.

#include "exec/cpu/contraction.h"
#include "exec/cpu/kernel.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

// Whether this processor is one of those.
bool has_bf16_vectors();

// nullptr if another kernel is to run it, or the channels of a vector do not lie together.
std::unique_ptr<Kernel> make_bf16_gradient(const Contraction& contraction, const Site& site);

// The layouts in which it runs, near those of the site; nullopt if another kernel is to run it.
std::optional<machine::NodeLayouts> bf16_gradient_layouts(const Contraction& contraction,
                                                          const Site& site);

}  // namespace gnomon::exec::cpu
