#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The same numbers in another element type: rounded to nearest even when narrower; integers
// saturate.
struct Convert {
  static constexpr std::string_view name = "convert";
  DType dtype = DType::f32;
  static constexpr auto attributes = std::tuple{Attribute{"dtype", &Convert::dtype}};
  Rule rule() const { return "... -> ...; split ..."; }
  static constexpr double flops_per_point = 0;
  std::vector<Type> infer(std::span<const Type> operands) const;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Convert&) const = default;
};

}  // namespace gnomon::ir
