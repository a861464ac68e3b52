#pragma once

// Max-pooling and its gradient, with the definition's rules for ties (the first maximum of a window
// in row-major order) and NaN (never larger than anything), which oneDNN does not keep. Images are
// [n, c, h, w] stored so that channels lie innermost or outermost: row-major, channels last, or
// channels in blocks. nullptr for other layouts and types.

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

std::unique_ptr<Kernel> make_max_pool(const Site& site, const ir::MaxPool& op);
std::unique_ptr<Kernel> make_max_pool_gradient(const Site& site, const ir::MaxPoolGradient& op);

}  // namespace gnomon::exec::cpu
