#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The sum or maximum over the ranks of a group, element by element, on all of them. Operands: data,
// token; results: data, token (token.h).
struct AllReduce {
  static constexpr std::string_view name = "all_reduce";
  std::string group;
  std::int64_t ranks = 1;
  Reduction reduction = Reduction::sum;
  static constexpr auto attributes =
      std::tuple{Attribute{"group", &AllReduce::group}, Attribute{"ranks", &AllReduce::ranks},
                 Attribute{"reduction", &AllReduce::reduction}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 2;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const AllReduce&) const = default;
};

}  // namespace gnomon::ir
