#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The largest element of each window of images [n, c, h, w]; padding never wins. kernel, stride and
// padding are {vertical, horizontal}.
struct MaxPool {
  static constexpr std::string_view name = "max_pool";
  std::vector<std::int64_t> kernel = {2, 2};
  std::vector<std::int64_t> stride = {2, 2};
  std::vector<std::int64_t> padding = {0, 0};
  static constexpr auto attributes =
      std::tuple{Attribute{"kernel", &MaxPool::kernel}, Attribute{"stride", &MaxPool::stride},
                 Attribute{"padding", &MaxPool::padding}};
  Rule rule() const;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const MaxPool&) const = default;
};

}  // namespace gnomon::ir
