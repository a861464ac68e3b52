#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The largest over the dimensions `axes` of an operand of `rank` dimensions, which disappear. The
// gradient goes to every element that attains the maximum.
struct Max {
  static constexpr std::string_view name = "max";
  std::int64_t rank = 1;
  std::vector<std::int64_t> axes;  // strictly increasing
  static constexpr auto attributes =
      std::tuple{Attribute{"rank", &Max::rank}, Attribute{"axes", &Max::axes}};
  Rule rule() const;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Max&) const = default;
};

}  // namespace gnomon::ir
