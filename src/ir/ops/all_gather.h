#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The data of all ranks of a group, on all of them: joined along `axis` in the order of the ranks.
// Operands: data, token; results: data, token (token.h).
//     4 ranks, axis = 0: f32[16, 10] -> f32[64, 10]
struct AllGather {
  static constexpr std::string_view name = "all_gather";
  std::string group;
  std::int64_t ranks = 1;
  std::int64_t axis = 0;
  static constexpr auto attributes =
      std::tuple{Attribute{"group", &AllGather::group}, Attribute{"ranks", &AllGather::ranks},
                 Attribute{"axis", &AllGather::axis}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 2;
  static constexpr double flops_per_point = 0;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const AllGather&) const = default;
};

}  // namespace gnomon::ir
