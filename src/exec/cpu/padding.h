#pragma once

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

// Padded layouts promise zeros behind the last element of a blocked dimension: oneDNN computes with
// them. Writes them.
void zero_padding(std::byte* memory, const Stored& stored);

}  // namespace gnomon::exec::cpu
