#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// x - log sum exp(x) along the last dimension, computed from x - max(x).
struct LogSoftmax {
  static constexpr std::string_view name = "log_softmax";

  static constexpr std::tuple<> attributes{};
  Rule rule() const { return "... c -> ... c; split ..."; }
  static constexpr bool floats_only = true;
  static constexpr double flops_per_point = 5;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const LogSoftmax&) const = default;
};

}  // namespace gnomon::ir
