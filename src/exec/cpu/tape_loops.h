#pragma once

// The instructions of the tape (tape.h): one simple loop each, over blocks that stay in the
// first-level cache. Operands may be the result itself, never overlap it partly.

#include <cstdint>

#include "base/dtype.h"
#include "ir/ops.h"

namespace gnomon::exec::cpu {

// out[i] = f(a[i], b[i]); functions of one operand ignore b.
using Loop = void (*)(const float* a, const float* b, float* out, std::int64_t count);

// The loop for an element-wise operator on f32: vector code where it has been written, otherwise
// the operator's own `point`. Results are rounded to bf16 and back if asked.
Loop loop_of(const ir::Op& op, bool to_bf16);

void fill(float value, float* out, std::int64_t count);
void widen(const Bf16* in, float* out, std::int64_t count);
void narrow(const float* in, Bf16* out, std::int64_t count);

}  // namespace gnomon::exec::cpu
