#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The first operand (bool scalar) chooses which inner Program runs on the others. Both have the
// same input and output types.
struct If {
  static constexpr std::string_view name = "if";
  Region then;
  Region otherwise;
  static constexpr auto attributes =
      std::tuple{Attribute{"then", &If::then}, Attribute{"otherwise", &If::otherwise}};
  Rule rule() const { return Rule::none(); }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const If&) const = default;
};

}  // namespace gnomon::ir
