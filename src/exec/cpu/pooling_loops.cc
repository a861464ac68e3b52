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

// The loops over a row: f(to, from, from of the next column of the image) for `count` columns, from
// a source `step` columns apart.
template <typename F>
inline __attribute__((always_inline)) void for_lanes(std::int64_t count, std::int64_t lanes,
                                                     std::int64_t step, const F& f) {
  for (std::int64_t x = 0; x < count; ++x)
    for (std::int64_t l = 0; l < lanes; ++l)
      f(x * lanes + l, x * step * lanes + l, (x * step + 1) * lanes + l);
}

// Fixed steps and numbers of lanes are told to the compiler, which then needs no gathers and no
// loops over lanes.
template <typename F>
inline __attribute__((always_inline)) void for_row(std::int64_t count, std::int64_t lanes,
                                                   std::int64_t step, const F& f) {
  if (lanes == 1 && step == 1)
    for_lanes(count, 1, 1, f);
  else if (lanes == 1 && step == 2)
    for_lanes(count, 1, 2, f);
  else if (lanes == 8)
    for_lanes(count, 8, step, f);
  else if (lanes == 16)
    for_lanes(count, 16, step, f);
  else
    for_lanes(count, lanes, step, f);
}

GNOMON_VECTORISED void take_larger(const float* __restrict from, float* __restrict best,
                                   std::int64_t count, std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at, std::int64_t) {
    best[to] = best[to] < from[at] ? from[at] : best[to];
  });
}

// `tap` is what stands at best[i]; -1 before the first.
GNOMON_VECTORISED void take_first_larger(const float* __restrict from, float* __restrict best,
                                         float* __restrict tap, float this_tap, std::int64_t count,
                                         std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at, std::int64_t) {
    const bool larger = (tap[to] < 0) | (best[to] < from[at]);
    best[to] = larger ? from[at] : best[to];
    tap[to] = larger ? this_tap : tap[to];
  });
}

GNOMON_VECTORISED void give(const float* __restrict gradient, const float* __restrict tap,
                            float this_tap, float* __restrict result, std::int64_t count,
                            std::int64_t lanes, std::int64_t step) {
  for_row(count, lanes, step, [=](std::int64_t to, std::int64_t at, std::int64_t) {
    // Read in any case: of a read under a condition GCC 12 loses lanes in its code for AVX2.
    const float given = gradient[to];
    result[at] += tap[to] == this_tap ? given : 0.0f;
  });
}

// Windows of 2×2 side by side that fill the image, as most networks have them, need nothing that is
// kept from tap to tap.
bool halves(const PoolShape& p) {
  constexpr std::array<std::int64_t, 2> two{2, 2}, none{0, 0};
  return p.kernel == two && p.stride == two && p.padding == none && p.height == 2 * p.rows &&
         p.width == 2 * p.columns;
}

GNOMON_VECTORISED void take_largest(const float* __restrict above, const float* __restrict below,
                                    float* __restrict best, std::int64_t count,
                                    std::int64_t lanes) {
  const auto larger = [](float a, float b) { return a < b ? b : a; };
  for_row(count, lanes, 2, [=](std::int64_t to, std::int64_t at, std::int64_t next) {
    const float first = larger(-std::numeric_limits<float>::infinity(), above[at]);  // no NaN
    best[to] = larger(larger(larger(first, above[next]), below[at]), below[next]);
  });
}

GNOMON_VECTORISED void give_to_largest(const float* __restrict above, const float* __restrict below,
                                       const float* __restrict gradient,
                                       float* __restrict result_above,
                                       float* __restrict result_below, std::int64_t count,
                                       std::int64_t lanes) {
  for_row(count, lanes, 2, [=](std::int64_t to, std::int64_t at, std::int64_t next) {
    const float a = above[at], b = above[next], c = below[at], d = below[next];
    const bool right = a < b;
    const float best = right ? b : a;
    const bool lower = best < c;
    const float best_of_three = lower ? c : best;
    const bool last = best_of_three < d;
    const float given = gradient[to], earlier = last ? 0.0f : given;
    const float upper = lower ? 0.0f : earlier;
    result_above[at] = right ? 0.0f : upper;
    result_above[next] = right ? upper : 0.0f;
    result_below[at] = lower ? earlier : 0.0f;
    result_below[next] = last ? given : 0.0f;
  });
}

}  // namespace

void max_pool_plane(const PoolShape& shape, const float* images, float* pooled) {
  const std::int64_t line = shape.width * shape.lanes;
  if (halves(shape)) {
    for (std::int64_t y = 0; y < shape.rows; ++y, images += 2 * line)
      take_largest(images, images + line, pooled + y * shape.columns * shape.lanes, shape.columns,
                   shape.lanes);
    return;
  }
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
  const std::int64_t row = shape.columns * shape.lanes, line = shape.width * shape.lanes;
  if (halves(shape)) {
    for (std::int64_t y = 0; y < shape.rows; ++y, images += 2 * line, result += 2 * line)
      give_to_largest(images, images + line, gradient + y * row, result, result + line,
                      shape.columns, shape.lanes);
    return;
  }
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
