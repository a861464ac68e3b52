#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The square root of x
struct SquareRoot {
  static constexpr std::string_view name = "square_root";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  static constexpr bool floats_only = true;
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return std::sqrt(x);
  }
  bool operator==(const SquareRoot&) const = default;
};

}  // namespace gnomon::ir
