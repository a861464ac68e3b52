#pragma once

// Kernels along the last dimension of row-major values in f32 and bf16, one short row at a time.
// nullptr for other types and layouts.

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

std::unique_ptr<Kernel> make_softmax(const Site& site, bool logarithm);
std::unique_ptr<Kernel> make_arg_max(const Site& site);
std::unique_ptr<Kernel> make_one_hot(const Site& site);

}  // namespace gnomon::exec::cpu
