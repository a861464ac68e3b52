#pragma once

// Which kernel runs which node: the one place where operators and kernels meet.

#include "exec/cpu/primitive.h"

namespace gnomon::exec::cpu {

// The fastest kernel we have for the node as it is stored; the reference, with its reason, where we
// have none. Inputs, reads, writes and constants are the plan's affair: InternalError.
std::unique_ptr<Kernel> make_kernel(const Site& site, const Device& device);

}  // namespace gnomon::exec::cpu
