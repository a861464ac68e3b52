#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The sum over the dimensions `axes` of an operand of `rank` dimensions, which disappear.
struct Sum {
  static constexpr std::string_view name = "sum";
  std::int64_t rank = 1;
  std::vector<std::int64_t> axes;  // strictly increasing
  static constexpr auto attributes =
      std::tuple{Attribute{"rank", &Sum::rank}, Attribute{"axes", &Sum::axes}};
  Rule rule() const;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Sum&) const = default;
};

}  // namespace gnomon::ir
