#pragma once

// Kernels on tables of rows, row-major: gather in f32 and bf16, scatter_add in f32. nullptr for
// other types and layouts.

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

std::unique_ptr<Kernel> make_gather(const Site& site);
// Each thread adds up some of the columns, in the order of the vectors: no two write to one place,
// and the sum does not depend on how many they are.
std::unique_ptr<Kernel> make_scatter_add(const Site& site);

}  // namespace gnomon::exec::cpu
