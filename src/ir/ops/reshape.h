#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The same elements in the same row-major order, as the declared type.
struct Reshape {
  static constexpr std::string_view name = "reshape";
  Type type;
  static constexpr std::tuple<> attributes{};
  Rule rule() const { return Rule::none(); }
  static constexpr bool is_free = true;
  static constexpr std::size_t operand_count = 1;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Reshape&) const = default;
};

}  // namespace gnomon::ir
