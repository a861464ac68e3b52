#pragma once

// Gradients of convolutions of 3×3 in f32 by Winograd's minimal filtering (winograd_loops.h): a
// quarter of the multiplications. Where the processor has AVX2 or AVX-512, strides are 1 and channels
// fill vectors; oneDNN's direct convolutions (contraction_kernel.h) run the rest, and all convolutions
// themselves: their rounding goes through every layer behind them, and Winograd's is two to three
// times a direct sum's, norm-wise. The batch does not decide.

#include "exec/cpu/contraction.h"
#include "exec/cpu/kernel.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

// nullptr if oneDNN is to run it, or the channels of a vector do not lie together.
std::unique_ptr<Kernel> make_winograd(const Contraction& contraction, const Site& site);

// The layouts in which it runs, near those of the site; nullopt if oneDNN is to run it.
std::optional<machine::NodeLayouts> winograd_layouts(const Contraction& contraction,
                                                     const Site& site);

}  // namespace gnomon::exec::cpu
