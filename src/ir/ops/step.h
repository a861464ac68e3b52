#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// 1 where x > 0, else 0: the derivative of relu
struct Step {
  static constexpr std::string_view name = "step";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return x > T(0) ? T(1) : T(0);
  }
  bool operator==(const Step&) const = default;
};

}  // namespace gnomon::ir
