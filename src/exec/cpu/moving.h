#pragma once

// Kernels that put elements elsewhere and compute nothing: broadcast, transpose, change of layout,
// reshape; for every element type.

#include "exec/cpu/primitive.h"

namespace gnomon::exec::cpu {

// Dimension i of the operand is dimension axes[i] of the result, in any layouts. oneDNN's reorder
// where it has one, ours otherwise.
std::unique_ptr<Kernel> make_moving(const Site& site, const std::vector<std::int64_t>& axes,
                                    const Device& device);

// The same bytes: row-major reshape. Nothing to do when both are the same memory.
std::unique_ptr<Kernel> make_copy(const Site& site);

}  // namespace gnomon::exec::cpu
