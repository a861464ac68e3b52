#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// natural logarithm
struct Log {
  static constexpr std::string_view name = "log";
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  static constexpr bool floats_only = true;
  Gradient gradient(const GradientArgs& args) const;
  template <typename T>
  static T point(T x) {
    return std::log(x);
  }
  bool operator==(const Log&) const = default;
};

}  // namespace gnomon::ir
