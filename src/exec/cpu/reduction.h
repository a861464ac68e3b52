#pragma once

// Sums and maxima over dimensions, in any layout, f32 and bf16. Sums are taken in f32 over at most
// 256 terms and in f64 from there on, in an order that depends on the number of threads alone.
// nullptr where the layout has padding among the reduced or a blocked result.

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

std::unique_ptr<Kernel> make_reduction(const Site& site, const std::vector<std::int64_t>& axes,
                                       ir::Reduction kind);

}  // namespace gnomon::exec::cpu
