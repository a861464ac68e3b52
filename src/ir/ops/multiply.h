#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// x y, element by element
struct Multiply {
  static constexpr std::string_view name = "multiply";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "..., ... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x, T y) {
    return x * y;
  }
  bool operator==(const Multiply&) const = default;
};

}  // namespace gnomon::ir
