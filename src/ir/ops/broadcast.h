#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Repeats the operand along new dimensions: dimension i of the operand becomes dimension axes[i] of
// the declared type.
//     axes = [1], f32[6] -> f32[b, 6, 28, 28]: a bias of 6 channels
struct Broadcast {
  static constexpr std::string_view name = "broadcast";
  std::vector<std::int64_t> axes;  // strictly increasing
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"axes", &Broadcast::axes}};
  Rule rule() const;
  static constexpr double flops_per_point = 0;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Broadcast&) const = default;
};

}  // namespace gnomon::ir
