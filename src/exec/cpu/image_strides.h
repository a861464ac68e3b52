#pragma once

#include <cstdint>

namespace gnomon::exec::cpu {

// Elements from one image, vector of channels, row or pixel to the next, where the channels of a
// vector lie together.
struct ImageStrides {
  std::int64_t image, vector, row, pixel;
};

}  // namespace gnomon::exec::cpu
