#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Each rank of a group divides its data along `split_axis`, sends the r-th part to rank r, and
// joins what it gets along `concat_axis` in the order of the ranks. Operands: data, token; results:
// data, token (token.h).
//     4 ranks, split_axis = 0, concat_axis = 1: f32[64, 10] -> f32[16, 40]
struct AllToAll {
  static constexpr std::string_view name = "all_to_all";
  std::string group;
  std::int64_t ranks = 1;
  std::int64_t split_axis = 0;
  std::int64_t concat_axis = 0;
  static constexpr auto attributes =
      std::tuple{Attribute{"group", &AllToAll::group}, Attribute{"ranks", &AllToAll::ranks},
                 Attribute{"split_axis", &AllToAll::split_axis},
                 Attribute{"concat_axis", &AllToAll::concat_axis}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 2;
  static constexpr double flops_per_point = 0;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const AllToAll&) const = default;
};

}  // namespace gnomon::ir
