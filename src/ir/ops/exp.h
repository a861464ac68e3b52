#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// e to the power x
struct Exp {
  static constexpr std::string_view name = "exp";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  static constexpr bool floats_only = true;
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return std::exp(x);
  }
  bool operator==(const Exp&) const = default;
};

}  // namespace gnomon::ir
