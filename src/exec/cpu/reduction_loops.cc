#include "exec/cpu/reduction_loops.h"

#include <algorithm>
#include <limits>

#include "exec/cpu/vectorised.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t width = 16;  // lanes combined side by side
constexpr std::int64_t chains = 4;  // of additions, none of which waits for another

struct Add {
  template <typename T>
  T operator()(T a, T b) const {
    return a + b;
  }
};

struct Larger {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

// Rows of up to `width` lanes, `stride` elements apart, combined with `start`, which is nothing: a
// maximum passes over NaN wherever it stands.
template <typename Combine>
inline __attribute__((always_inline)) void combine_rows(const float* in, std::int64_t rows,
                                                        std::int64_t stride, std::int64_t lanes,
                                                        double* total, float start,
                                                        Combine combine) {
  while (rows > 0) {
    const std::int64_t terms = std::min(rows, most_terms);
    float partial[width];
    if (lanes == width && terms >= chains) {
      float chain[chains][width];
      for (std::int64_t c = 0; c < chains; ++c)
        for (std::int64_t l = 0; l < width; ++l) chain[c][l] = combine(start, in[c * stride + l]);
      std::int64_t row = chains;
      for (; row + chains <= terms; row += chains)
        for (std::int64_t c = 0; c < chains; ++c)
          for (std::int64_t l = 0; l < width; ++l)
            chain[c][l] = combine(chain[c][l], in[(row + c) * stride + l]);
      for (; row < terms; ++row)
        for (std::int64_t l = 0; l < width; ++l)
          chain[0][l] = combine(chain[0][l], in[row * stride + l]);
      for (std::int64_t l = 0; l < width; ++l)
        partial[l] = combine(combine(chain[0][l], chain[1][l]), combine(chain[2][l], chain[3][l]));
    } else {
      for (std::int64_t l = 0; l < lanes; ++l) partial[l] = combine(start, in[l]);
      for (std::int64_t row = 1; row < terms; ++row)
        for (std::int64_t l = 0; l < lanes; ++l)
          partial[l] = combine(partial[l], in[row * stride + l]);
    }
    for (std::int64_t l = 0; l < lanes; ++l)
      total[l] = combine(total[l], static_cast<double>(partial[l]));
    in += terms * stride;
    rows -= terms;
  }
}

template <typename Combine>
inline __attribute__((always_inline)) void combine_all(const float* in, std::int64_t rows,
                                                       std::int64_t lanes, std::int64_t stride,
                                                       double* total, double start,
                                                       Combine combine) {
  if (lanes > 1 && rows < chains) {
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t l = 0; l < lanes; ++l)
        total[l] = combine(total[l], static_cast<double>(in[row * stride + l]));
    return;
  }
  if (lanes > 1 || stride > 1) {
    for (std::int64_t l = 0; l < lanes; l += width)
      combine_rows(in + l, rows, stride, std::min(width, lanes - l), total + l,
                   static_cast<float>(start), combine);
    return;
  }
  double side_by_side[width];
  std::fill_n(side_by_side, width, start);
  combine_rows(in, rows / width, width, width, side_by_side, static_cast<float>(start), combine);
  const std::int64_t rest = rows % width;
  combine_rows(in + rows - rest, rest > 0 ? 1 : 0, width, rest, side_by_side,
               static_cast<float>(start), combine);
  for (const double value : side_by_side) *total = combine(*total, value);
}

}  // namespace

double start_of(ir::Reduction kind) {
  return kind == ir::Reduction::sum ? 0 : -std::numeric_limits<double>::infinity();
}

double combined(ir::Reduction kind, double a, double b) {
  return kind == ir::Reduction::sum ? Add{}(a, b) : Larger{}(a, b);
}

GNOMON_VECTORISED void reduce_rows(ir::Reduction kind, const float* in, std::int64_t rows,
                                   std::int64_t lanes, std::int64_t stride, double* total) {
  if (kind == ir::Reduction::sum)
    combine_all(in, rows, lanes, stride, total, 0, Add{});
  else
    combine_all(in, rows, lanes, stride, total, start_of(kind), Larger{});
}

}  // namespace gnomon::exec::cpu
