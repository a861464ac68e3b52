#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Gives data to the rank `peer` of the group, which takes it with recv. Operands: data, token;
// result: token (token.h).
struct Send {
  static constexpr std::string_view name = "send";
  std::string group;
  std::int64_t ranks = 1;
  std::int64_t peer = 0;
  static constexpr auto attributes =
      std::tuple{Attribute{"group", &Send::group}, Attribute{"ranks", &Send::ranks},
                 Attribute{"peer", &Send::peer}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 2;
  static constexpr double flops_per_point = 0;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Send&) const = default;
};

}  // namespace gnomon::ir
