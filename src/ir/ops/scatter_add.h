#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The transpose of gather: a table of `rows` [rows, w] in which row r is the sum of the vectors
// (f [..., w]) whose number (i32 [...]) is r. Operands: numbers, vectors.
struct ScatterAdd {
  static constexpr std::string_view name = "scatter_add";
  std::int64_t rows = 1;
  static constexpr auto attributes = std::tuple{Attribute{"rows", &ScatterAdd::rows}};
  static constexpr std::size_t operand_count = 2;
  Rule rule() const { return Rule::none(); }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const ScatterAdd&) const = default;
};

}  // namespace gnomon::ir
