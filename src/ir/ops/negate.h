#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// -x
struct Negate {
  static constexpr std::string_view name = "negate";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return -x;
  }
  bool operator==(const Negate&) const = default;
};

}  // namespace gnomon::ir
