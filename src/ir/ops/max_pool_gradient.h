#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The gradient of max_pool for its images: operands are the images [n, c, h, w] and the output
// gradient [n, c, y, x], each element of which goes to the first maximum of its window in row-major
// order.
struct MaxPoolGradient {
  static constexpr std::string_view name = "max_pool_gradient";
  std::vector<std::int64_t> kernel = {2, 2};
  std::vector<std::int64_t> stride = {2, 2};
  std::vector<std::int64_t> padding = {0, 0};
  static constexpr auto attributes = std::tuple{Attribute{"kernel", &MaxPoolGradient::kernel},
                                                Attribute{"stride", &MaxPoolGradient::stride},
                                                Attribute{"padding", &MaxPoolGradient::padding}};
  Rule rule() const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const MaxPoolGradient&) const = default;
};

}  // namespace gnomon::ir
