#pragma once

// The inner loops of reductions: rows of `lanes` elements, each row `stride` elements after the one
// before, combined along rows into one accumulator per lane. With one lane and a stride of one the
// elements are a run, combined into one. Sums are taken in f32 over at most 256 terms and in f64
// from there on.

#include <cstdint>

#include "ir/rule.h"

namespace gnomon::exec::cpu {

inline constexpr std::int64_t most_terms = 256;  // of one f32 sum

// What a reduction of nothing is, and of two numbers.
double start_of(ir::Reduction kind);
double combined(ir::Reduction kind, double a, double b);

void reduce_rows(ir::Reduction kind, const float* in, std::int64_t rows, std::int64_t lanes,
                 std::int64_t stride, double* total);

}  // namespace gnomon::exec::cpu
