#pragma once

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

// Any operator in any layout, by the reference executor's definition: slow, allocates, and says
// why it had to be.
std::unique_ptr<Kernel> make_reference(const Site& site, std::string why);

}  // namespace gnomon::exec::cpu
