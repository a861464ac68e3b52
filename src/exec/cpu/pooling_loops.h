#pragma once

// Pooling of one plane in f32: height x width positions of `lanes` channels that lie side by side.

#include <array>
#include <cstdint>

namespace gnomon::exec::cpu {

struct PoolShape {
  std::int64_t height, width;  // of the images
  std::int64_t rows, columns;  // of the pooled
  std::array<std::int64_t, 2> kernel, stride, padding;
  std::int64_t lanes;

  std::int64_t image_size() const { return height * width * lanes; }
  std::int64_t pooled_size() const { return rows * columns * lanes; }
};

void max_pool_plane(const PoolShape& shape, const float* images, float* pooled);

// `work` holds 2 * columns * lanes floats.
void max_pool_gradient_plane(const PoolShape& shape, const float* images, const float* gradient,
                             float* result, float* work);

}  // namespace gnomon::exec::cpu
