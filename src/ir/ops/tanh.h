#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// hyperbolic tangent
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr std::tuple<> attributes{};
  static constexpr bool floats_only = true;
  Rule rule() const { return "... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return std::tanh(x);
  }
  bool operator==(const Tanh&) const = default;
};

}  // namespace gnomon::ir
