#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Two-dimensional cross-correlation, as deep-learning frameworks call convolution: images [n, c, h,
// w], weights [o, c, r, s]. stride and padding are {vertical, horizontal}.
struct Convolution {
  static constexpr std::string_view name = "convolution";
  std::vector<std::int64_t> stride = {1, 1};
  std::vector<std::int64_t> padding = {0, 0};
  static constexpr auto attributes = std::tuple{Attribute{"stride", &Convolution::stride},
                                                Attribute{"padding", &Convolution::padding}};
  Rule rule() const;
  template <typename T>
  static T point(T x, T y) {
    return x * y;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Convolution&) const = default;
};

}  // namespace gnomon::ir
