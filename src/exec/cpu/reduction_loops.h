#pragma once

// The inner loops of reductions: rows of `lanes` elements, each row `stride` elements after the one
// before, combined along rows into one accumulator per lane. With one lane and a stride of one the
// elements are a run, combined into one.

#include <cstdint>

#include "base/dtype.h"

namespace gnomon::exec::cpu {

void sum_rows(const float* in, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
              double* total);
void sum_rows(const Bf16* in, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
              double* total);
void max_rows(const float* in, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
              double* total);
void max_rows(const Bf16* in, std::int64_t rows, std::int64_t lanes, std::int64_t stride,
              double* total);

}  // namespace gnomon::exec::cpu
