// Pooling's loops against the definition where values are equal or no numbers.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "exec/cpu/pooling_loops.h"

namespace gnomon::exec::cpu {
namespace {

using Floats = std::vector<float>;

// f(lane, window, its taps within the image, in their order).
template <typename F>
void for_windows(const PoolShape& p, const F& f) {
  for (std::int64_t y = 0; y < p.rows; ++y)
    for (std::int64_t x = 0; x < p.columns; ++x)
      for (std::int64_t lane = 0; lane < p.lanes; ++lane) {
        std::vector<std::size_t> taps;
        for (std::int64_t r = 0; r < p.kernel[0]; ++r)
          for (std::int64_t s = 0; s < p.kernel[1]; ++s) {
            const std::int64_t h = y * p.stride[0] + r - p.padding[0],
                               w = x * p.stride[1] + s - p.padding[1];
            if (h >= 0 && h < p.height && w >= 0 && w < p.width)
              taps.push_back(static_cast<std::size_t>((h * p.width + w) * p.lanes + lane));
          }
        f(static_cast<std::size_t>((y * p.columns + x) * p.lanes + lane), taps);
      }
}

Floats defined_pool(const PoolShape& p, const Floats& images) {
  Floats pooled(static_cast<std::size_t>(p.pooled_size()));
  for_windows(p, [&](std::size_t window, const std::vector<std::size_t>& taps) {
    pooled[window] = -std::numeric_limits<float>::infinity();
    for (const auto tap : taps)
      if (pooled[window] < images[tap]) pooled[window] = images[tap];
  });
  return pooled;
}

Floats defined_gradient(const PoolShape& p, const Floats& images, const Floats& gradient) {
  Floats result(images.size());
  for_windows(p, [&](std::size_t window, const std::vector<std::size_t>& taps) {
    std::size_t best = taps[0];
    for (const auto tap : taps)
      if (images[best] < images[tap]) best = tap;
    result[best] += gradient[window];
  });
  return result;
}

// Few different values, so that many are equal, and now and then none.
Floats values(std::int64_t count, const char* stream) {
  const Random random(3, stream);
  Floats all(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double u = random.uniform(i);
    all[i] =
        u < 0.1 ? std::numeric_limits<float>::quiet_NaN() : std::floor(static_cast<float>(5 * u));
  }
  return all;
}

class CpuPooling : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(CpuPooling, TakesTheFirstOfEqualsAndNoNan) {
  const std::int64_t lanes = GetParam();
  for (const PoolShape& p : {PoolShape{8, 14, 4, 7, {2, 2}, {2, 2}, {0, 0}, lanes},
                             PoolShape{9, 14, 4, 7, {2, 2}, {2, 2}, {0, 0}, lanes},
                             PoolShape{8, 15, 4, 7, {2, 2}, {2, 2}, {0, 0}, lanes},
                             PoolShape{2, 2, 1, 1, {2, 2}, {2, 2}, {0, 0}, lanes},
                             PoolShape{7, 9, 4, 5, {3, 3}, {2, 2}, {1, 1}, lanes}}) {
    const Floats images = values(p.image_size(), "images");
    Floats gradient = values(p.pooled_size(), "gradient");
    for (auto& g : gradient) g = std::isnan(g) ? 7 : g;
    Floats pooled(gradient.size(), -1), result(images.size(), -1),
        work(static_cast<std::size_t>(2 * p.columns * p.lanes));
    max_pool_plane(p, images.data(), pooled.data());
    EXPECT_EQ(pooled, defined_pool(p, images));
    max_pool_gradient_plane(p, images.data(), gradient.data(), result.data(), work.data());
    EXPECT_EQ(result, defined_gradient(p, images, gradient));
  }
}

INSTANTIATE_TEST_SUITE_P(Lanes, CpuPooling, ::testing::Values(1, 3, 8, 16, 35));

}  // namespace
}  // namespace gnomon::exec::cpu
