#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Every element is `value`, rounded to the declared type.
struct Full {
  static constexpr std::string_view name = "full";
  double value = 0;
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"value", &Full::value}};
  Rule rule() const { return Rule::none(); }
  static constexpr double flops_per_point = 0;
  static constexpr std::size_t operand_count = 0;
  std::vector<Type> infer(std::span<const Type>) const { return {type}; }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Full&) const = default;
};

}  // namespace gnomon::ir
