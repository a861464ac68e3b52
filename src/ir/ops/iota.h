#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Each element is its own index along `axis`: 0, 1, 2, … (XLA's Iota).
struct Iota {
  static constexpr std::string_view name = "iota";
  std::int64_t axis = 0;
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"axis", &Iota::axis}};
  Rule rule() const { return Rule::none(); }
  static constexpr double flops_per_point = 0;
  static constexpr std::size_t operand_count = 0;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Iota&) const = default;
};

}  // namespace gnomon::ir
