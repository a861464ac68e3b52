#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The sum or maximum over the ranks of a group, element by element, divided along `axis`: rank r
// gets the r-th part. Operands: data, token; results: data, token (token.h).
//     4 ranks, axis = 0: f32[64, 10] -> f32[16, 10]
struct ReduceScatter {
  static constexpr std::string_view name = "reduce_scatter";
  std::string group;
  std::int64_t ranks = 1;
  std::int64_t axis = 0;
  Reduction reduction = Reduction::sum;
  static constexpr auto attributes = std::tuple{
      Attribute{"group", &ReduceScatter::group}, Attribute{"ranks", &ReduceScatter::ranks},
      Attribute{"axis", &ReduceScatter::axis}, Attribute{"reduction", &ReduceScatter::reduction}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 2;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const ReduceScatter&) const = default;
};

}  // namespace gnomon::ir
