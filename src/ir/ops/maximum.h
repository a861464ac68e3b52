#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The larger of x and y; the gradient of equal operands goes to x.
struct Maximum {
  static constexpr std::string_view name = "maximum";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "..., ... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x, T y) {
    return x < y ? y : x;
  }
  bool operator==(const Maximum&) const = default;
};

}  // namespace gnomon::ir
