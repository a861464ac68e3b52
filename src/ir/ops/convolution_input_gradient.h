#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// What a convolution's output gradient [n, o, y, x] and weights [o, c, r, s] say of its images,
// whose type [n, c, h, w] is declared.
struct ConvolutionInputGradient {
  static constexpr std::string_view name = "convolution_input_gradient";
  std::vector<std::int64_t> stride = {1, 1};
  std::vector<std::int64_t> padding = {0, 0};
  Type type;
  static constexpr auto attributes =
      std::tuple{Attribute{"stride", &ConvolutionInputGradient::stride},
                 Attribute{"padding", &ConvolutionInputGradient::padding}};
  Rule rule() const;
  template <typename T>
  static T point(T x, T y) {
    return x * y;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const ConvolutionInputGradient&) const = default;
};

}  // namespace gnomon::ir
