#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// From class numbers (i32) to f32 vectors that are 1 at the class and 0 elsewhere; all 0 for a
// number outside 0 … classes-1.
struct OneHot {
  static constexpr std::string_view name = "one_hot";
  std::int64_t classes = 1;
  static constexpr auto attributes = std::tuple{Attribute{"classes", &OneHot::classes}};
  Rule rule() const { return fmt::format("... -> ... c; c : {}; split ...", classes); }
  static constexpr double flops_per_point = 0;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const OneHot&) const = default;
};

}  // namespace gnomon::ir
