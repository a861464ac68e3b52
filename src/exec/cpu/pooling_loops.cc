#include "exec/cpu/pooling_loops.h"

#include <algorithm>
#include <limits>

#include "exec/cpu/vectorised.h"

namespace gnomon::exec::cpu {
namespace {

// The columns x for which the source column stride * x + tap - padding lies in the image.
struct Columns {
  std::int64_t begin, end, source;  // source: of column `begin`
};

Columns columns(const PoolShape& p, std::int64_t tap) {
  const std::int64_t stride = p.stride[1], shift = p.padding[1] - tap;
  const std::int64_t begin = shift > 0 ? (shift + stride - 1) / stride : 0;
  const std::int64_t past = p.width + shift;
  const std::int64_t end = past > 0 ? std::min(p.columns, (past + stride - 1) / stride) : 0;
  return {begin, std::max(begin, end), begin * stride - shift};
}

// Calls f(source row, tap, columns) for the taps of output row y that lie in the image.
template <typename F>
void for_taps(const PoolShape& p, std::int64_t y, const F& f) {
  for (std::int64_t r = 0; r < p.kernel[0]; ++r) {
    const std::int64_t h = p.stride[0] * y + r - p.padding[0];
    if (h < 0 || h >= p.height) continue;
    for (std::int64_t s = 0; s < p.kernel[1]; ++s) f(h, r * p.kernel[1] + s, columns(p, s));
  }
}

// The loops over a row: `count` columns, from a source `step` elements apart. Fixed steps are told
// to the compiler, which then needs no gathers.
template <typename F>
inline __attribute__((always_inline)) void for_row(std::int64_t count, std::int64_t lanes,
                                                   std::int64_t step, const F& f) {
  if (lanes == 1 && step == 1)
    for (std::int64_t x = 0; x < count; ++x) f(x, x);
  else if (lanes == 1 && step == 2)
    for (std::int64_t x = 0; x < count; ++x) f(x, 2 * x);
  else if (lanes == 16)
    for (std::int64_t x = 0; x < count; ++x)
      for (std::int64_t l = 0; l < 16; ++l) f(x * 16 + l, x * step * 16 + l);
  else
    for (std::int64_t x = 0; x < count; ++x)
      for (std::int64_t l = 0; l < lanes; ++l) f(x * lanes + l, x * step * lanes + l);
}

GNOMON_VECTORISED void take_larger(const float* __restrict from, float* __restrict best,
                                   std::int64_t count, std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at) {
    best[to] = best[to] < from[at] ? from[at] : best[to];
  });
}

// `tap` is what stands at best[i]; -1 before the first.
GNOMON_VECTORISED void take_first_larger(const float* __restrict from, float* __restrict best,
                                         float* __restrict tap, float this_tap, std::int64_t count,
                                         std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at) {
    const bool larger = (tap[to] < 0) | (best[to] < from[at]);
    best[to] = larger ? from[at] : best[to];
    tap[to] = larger ? this_tap : tap[to];
  });
}

GNOMON_VECTORISED void give(const float* __restrict gradient, const float* __restrict tap,
                            float this_tap, float* __restrict result, std::int64_t count,
                            std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at) {
    // Read in any case: of a read under a condition GCC 12 loses lanes in its code for AVX2.
    const float given = gradient[to];
    result[at] += tap[to] == this_tap ? given : 0.0f;
  });
}

}  // namespace

void max_pool_plane(const PoolShape& shape, const float* images, float* pooled) {
  for (std::int64_t y = 0; y < shape.rows; ++y) {
    float* const row = pooled + y * shape.columns * shape.lanes;
    std::fill_n(row, shape.columns * shape.lanes, -std::numeric_limits<float>::infinity());
    for_taps(shape, y, [&](std::int64_t h, std::int64_t, const Columns& c) {
      take_larger(images + (h * shape.width + c.source) * shape.lanes, row + c.begin * shape.lanes,
                  c.end - c.begin, shape.lanes, shape.stride[1]);
    });
  }
}

void max_pool_gradient_plane(const PoolShape& shape, const float* images, const float* gradient,
                             float* result, float* work) {
  const std::int64_t row = shape.columns * shape.lanes;
  float *const best = work, *const tap = work + row;
  std::fill_n(result, shape.image_size(), 0.0f);
  for (std::int64_t y = 0; y < shape.rows; ++y) {
    std::fill_n(tap, row, -1.0f);
    for_taps(shape, y, [&](std::int64_t h, std::int64_t t, const Columns& c) {
      take_first_larger(images + (h * shape.width + c.source) * shape.lanes,
                        best + c.begin * shape.lanes, tap + c.begin * shape.lanes,
                        static_cast<float>(t), c.end - c.begin, shape.lanes, shape.stride[1]);
    });
    for_taps(shape, y, [&](std::int64_t h, std::int64_t t, const Columns& c) {
      give(gradient + y * row + c.begin * shape.lanes, tap + c.begin * shape.lanes,
           static_cast<float>(t), result + (h * shape.width + c.source) * shape.lanes,
           c.end - c.begin, shape.lanes, shape.stride[1]);
    });
  }
}

}  // namespace gnomon::exec::cpu
