#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Rows of a table [v, w] by number (i32 [...]): [..., w]. A number outside 0 … v-1 gives a row of
// zeros, so that a table divided by rows is gathered by parts and summed.
struct Gather {
  static constexpr std::string_view name = "gather";
  static constexpr std::tuple<> attributes{};
  static constexpr std::size_t operand_count = 2;
  Rule rule() const { return Rule::none(); }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Gather&) const = default;
};

}  // namespace gnomon::ir
