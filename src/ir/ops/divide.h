#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// x / y
struct Divide {
  static constexpr std::string_view name = "divide";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "..., ... -> ...; split ..."; }
  static constexpr bool floats_only = true;
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x, T y) {
    return x / y;
  }
  bool operator==(const Divide&) const = default;
};

}  // namespace gnomon::ir
