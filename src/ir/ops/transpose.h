#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Dimension i of the result is dimension permutation[i] of the operand.
struct Transpose {
  static constexpr std::string_view name = "transpose";
  std::vector<std::int64_t> permutation;
  static constexpr auto attributes = std::tuple{Attribute{"permutation", &Transpose::permutation}};
  Rule rule() const;
  static constexpr double flops_per_point = 0;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Transpose&) const = default;
};

}  // namespace gnomon::ir
