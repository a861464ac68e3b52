#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Runs the inner Program `count` times, each on the outputs of the one before; its input types
// equal its output types.
struct Repeat {
  static constexpr std::string_view name = "repeat";
  std::int64_t count = 1;
  Region body;
  static constexpr auto attributes =
      std::tuple{Attribute{"count", &Repeat::count}, Attribute{"body", &Repeat::body}};
  Rule rule() const { return Rule::none(); }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Repeat&) const = default;
};

}  // namespace gnomon::ir
