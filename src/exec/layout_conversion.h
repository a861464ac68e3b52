#pragma once

// Between row-major order and the layouts executors keep values in. One element at a time: right,
// and used where a value changes hands, never inside a step.

#include <span>

#include "base/tensor.h"
#include "ir/layout.h"

namespace gnomon::exec {

// The bytes of `value` in `layout`; padding is zero.
Buffer from_row_major(const Tensor& value, const ir::Layout& layout);

// The value whose bytes are given in `layout`; padding is ignored.
Tensor to_row_major(std::span<const std::byte> bytes, DType dtype, const Shape& shape,
                    const ir::Layout& layout);

}  // namespace gnomon::exec
