#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The value of a state before the run. At most one per state.
struct Read {
  static constexpr std::string_view name = "read";
  std::string state;
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"state", &Read::state}};
  Rule rule() const { return Rule::none(); }
  static constexpr bool is_free = true;
  static constexpr std::size_t operand_count = 0;
  std::vector<Type> infer(std::span<const Type>) const { return {type}; }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Read&) const = default;
};

}  // namespace gnomon::ir
