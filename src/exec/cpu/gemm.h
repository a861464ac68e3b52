#pragma once

// Matrix products in f32 in loops of our own (gemm_loops.h), on processors with AVX2 and no AVX-512,
// where oneDNN's are no faster: batches of small ones, as of attention, and gradients of a moderate
// number of weights. How many examples there are does not decide, nor do threads change the bits.

#include "exec/cpu/contraction.h"
#include "exec/cpu/kernel.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

// In which layouts it runs best: operands as they are, where a matrix's rows or columns lie
// together, and the result of a batch as the one operand that is not in row-major order. nullopt if
// another kernel is to run it.
std::optional<machine::NodeLayouts> gemm_layouts(const Contraction& contraction, const Site& site);

// nullptr if another kernel is to run it.
std::unique_ptr<Kernel> make_gemm(const Contraction& contraction, const Site& site);

}  // namespace gnomon::exec::cpu
