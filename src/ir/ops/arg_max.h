#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The position (i32) of the largest element along the last dimension; the first of equals.
struct ArgMax {
  static constexpr std::string_view name = "arg_max";

  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... c -> ...; max c; split ..."; }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const ArgMax&) const = default;
};

}  // namespace gnomon::ir
