#pragma once

// gemm_loops.h for any vector of floats: what winograd_vector.h asks of it, and
//
//   static constexpr std::int64_t square;
//   // A matrix of square × square with its dimensions exchanged; steps are from one row to the next.
//   static void transpose(const float* from, std::int64_t from_row, float* to, std::int64_t to_row);

#include "exec/cpu/gemm_loops.h"

namespace gnomon::exec::cpu {

template <typename Vector>
struct Gemm {
  static constexpr std::int64_t lanes = Vector::lanes;
  static constexpr int vectors = 2;  // across a panel
  static constexpr std::int64_t width = vectors * lanes;
  static_assert(gemm_columns % width == 0);

  static constexpr std::int64_t lesser(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

  // --- The right matrix as panels, [panel][depth][width], zeros behind the last column ---

  static void pack(const GemmShape& s, const float* from, std::int64_t depth, std::int64_t columns,
                   float* to) {
    for (std::int64_t j = 0; j < columns; j += width, to += depth * width) {
      const std::int64_t count = lesser(width, columns - j);
      const float* const panel = from + j * s.rhs_column;
      if (s.rhs_column == 1)
        pack_rows(panel, s.rhs_depth, depth, count, to);
      else
        pack_columns(panel, s.rhs_column, depth, count, to);
      for (std::int64_t k = 0; k < depth; ++k)
        for (std::int64_t c = count; c < width; ++c) to[k * width + c] = 0;
    }
  }

  // Columns that lie together.
  static void pack_rows(const float* from, std::int64_t step, std::int64_t depth,
                        std::int64_t columns, float* to) {
    for (std::int64_t k = 0; k < depth; ++k, from += step, to += width) {
      if (columns == width)
        for (int v = 0; v < vectors; ++v) Vector::load(from + v * lanes).store(to + v * lanes);
      else
        for (std::int64_t c = 0; c < columns; ++c) to[c] = from[c];
    }
  }

  // Columns `step` apart.
  static void pack_columns(const float* from, std::int64_t step, std::int64_t depth,
                           std::int64_t columns, float* to) {
    constexpr std::int64_t square = Vector::square;
    const std::int64_t deep = depth / square * square, wide = columns / square * square;
    for (std::int64_t c = 0; c < wide; c += square)
      for (std::int64_t k = 0; k < deep; k += square)
        Vector::transpose(from + c * step + k, step, to + k * width + c, width);
    for (std::int64_t c = 0; c < columns; ++c)
      for (std::int64_t k = c < wide ? deep : 0; k < depth; ++k)
        to[k * width + c] = from[c * step + k];
  }

  // --- Products with a panel ---

  // Rows of the result in as many columns as are behind `result`; `adds` to what is there.
  template <int Rows>
  static void multiply_rows(const GemmShape& s, const float* lhs, const float* panel,
                            std::int64_t depth, std::int64_t columns, bool adds, float* result) {
    Vector sums[Rows][vectors];
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < vectors; ++v) sums[r][v] = Vector::all(0);
    for (std::int64_t k = 0; k < depth; ++k, lhs += s.lhs_depth, panel += width) {
      Vector right[vectors];
      for (int v = 0; v < vectors; ++v) right[v] = Vector::load(panel + v * lanes);
      for (int r = 0; r < Rows; ++r) {
        const Vector left = Vector::all(lhs[r * s.lhs_row]);
        for (int v = 0; v < vectors; ++v) sums[r][v] = multiply_add(left, right[v], sums[r][v]);
      }
    }
    for (int r = 0; r < Rows; ++r, result += s.result_row) {
      if (columns == width)
        put(sums[r], adds, result);
      else
        put_part(sums[r], columns, adds, result);
    }
  }

  static void put(const Vector (&sums)[vectors], bool adds, float* to) {
    for (int v = 0; v < vectors; ++v)
      (adds ? Vector::load(to + v * lanes) + sums[v] : sums[v]).store(to + v * lanes);
  }
  static void put_part(const Vector (&sums)[vectors], std::int64_t columns, bool adds, float* to) {
    float row[width];
    put(sums, false, row);
    for (std::int64_t c = 0; c < columns; ++c) to[c] = adds ? to[c] + row[c] : row[c];
  }

  // All rows, Rows at a time, and those left over by fewer.
  template <int Rows>
  static void multiply_panel(const GemmShape& s, const float* lhs, std::int64_t rows,
                             const float* panel, std::int64_t depth, std::int64_t columns,
                             bool adds, float* result) {
    for (; rows >= Rows; rows -= Rows, lhs += Rows * s.lhs_row, result += Rows * s.result_row)
      multiply_rows<Rows>(s, lhs, panel, depth, columns, adds, result);
    if constexpr (Rows > 1)
      if (rows > 0) multiply_panel<Rows - 1>(s, lhs, rows, panel, depth, columns, adds, result);
  }

  static void multiply(const GemmShape& s, const float* lhs, const float* rhs, float* result,
                       float* workspace) {
    for (std::int64_t j = 0; j < s.columns; j += gemm_columns)
      for (std::int64_t k = 0; k < s.depth; k += gemm_depth) {
        const std::int64_t columns = lesser(gemm_columns, s.columns - j);
        const std::int64_t depth = lesser(gemm_depth, s.depth - k);
        pack(s, rhs + k * s.rhs_depth + j * s.rhs_column, depth, columns, workspace);
        for (std::int64_t i = 0; i < s.rows; i += gemm_rows)
          for (std::int64_t c = 0; c < columns; c += width)
            multiply_panel<Vector::rows>(s, lhs + i * s.lhs_row + k * s.lhs_depth,
                                         lesser(gemm_rows, s.rows - i), workspace + c * depth,
                                         depth, lesser(width, columns - c), k > 0,
                                         result + i * s.result_row + j + c);
      }
  }

  static constexpr GemmLoops loops{width, multiply};
};

}  // namespace gnomon::exec::cpu
