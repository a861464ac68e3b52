#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// What a convolution's images [n, c, h, w] and output gradient [n, o, y, x] say of its weights,
// whose type [o, c, r, s] is declared.
struct ConvolutionWeightGradient {
  static constexpr std::string_view name = "convolution_weight_gradient";
  std::vector<std::int64_t> stride = {1, 1};
  std::vector<std::int64_t> padding = {0, 0};
  Type type;
  static constexpr auto attributes =
      std::tuple{Attribute{"stride", &ConvolutionWeightGradient::stride},
                 Attribute{"padding", &ConvolutionWeightGradient::padding}};
  Rule rule() const;
  template <typename T>
  static T point(T x, T y) {
    return x * y;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const ConvolutionWeightGradient&) const = default;
};

}  // namespace gnomon::ir
