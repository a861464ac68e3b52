#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// max(x, 0); NaN stays NaN. Its derivative at 0 is 0, as in PyTorch.
struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return x < T(0) ? T(0) : x;
  }
  bool operator==(const Relu&) const = default;
};

}  // namespace gnomon::ir
