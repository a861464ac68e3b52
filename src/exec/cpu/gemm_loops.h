#pragma once

// The inner loops of matrix products in f32, blocked for registers and caches after Goto and van de
// Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008. Only the right matrix is copied.
//
// Compiled with its vectors in a file of its own, which includes this header: it holds no functions,
// or the linker could give one made of AVX2 to everybody.

#include <cstdint>

namespace gnomon::exec::cpu {

// result[rows, columns] = lhs[rows, depth] · rhs[depth, columns]. Steps are from one row, column or
// depth to the next, in floats; the columns of the result lie together.
struct GemmShape {
  std::int64_t rows, depth, columns;
  std::int64_t lhs_row, lhs_depth;
  std::int64_t rhs_depth, rhs_column;  // one of them is 1
  std::int64_t result_row;
};

// Of the operands, what is worked on at once: such a part of the left one and of the right one stay
// in a second-level cache of 512 KiB, a panel of the right one's columns in a first one of 32 KiB.
inline constexpr std::int64_t gemm_rows = 96, gemm_depth = 256, gemm_columns = 256;

struct GemmLoops {
  std::int64_t width;  // of a panel: columns that are computed at once
  // The workspace is of gemm_depth · gemm_columns floats.
  void (*multiply)(const GemmShape& shape, const float* lhs, const float* rhs, float* result,
                   float* workspace);
};

extern const GemmLoops gemm_avx2;  // needs AVX2 and fused multiply-add

}  // namespace gnomon::exec::cpu
