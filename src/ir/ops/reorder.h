#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The same value in another layout: the layout pass inserts it, and the annotation of its result
// says which.
struct Reorder {
  static constexpr std::string_view name = "reorder";

  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... -> ...; split ..."; }
  static constexpr double flops_per_point = 0;
  template <typename T>
  static T point(T x) {
    return x;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Reorder&) const = default;
};

}  // namespace gnomon::ir
