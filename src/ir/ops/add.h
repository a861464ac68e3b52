#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// x + y
struct Add {
  static constexpr std::string_view name = "add";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "..., ... -> ...; split ..."; }
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x, T y) {
    return x + y;
  }
  bool operator==(const Add&) const = default;
};

}  // namespace gnomon::ir
