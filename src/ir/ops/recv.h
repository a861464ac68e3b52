#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Takes data of the declared type from the rank `peer` of the group, which gives it with send.
// Operand: token; results: data, token (token.h).
struct Recv {
  static constexpr std::string_view name = "recv";
  std::string group;
  std::int64_t ranks = 1;
  std::int64_t peer = 0;
  Type type;
  static constexpr auto attributes =
      std::tuple{Attribute{"group", &Recv::group}, Attribute{"ranks", &Recv::ranks},
                 Attribute{"peer", &Recv::peer}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 1;
  static constexpr double flops_per_point = 0;
  static constexpr bool has_effect = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Recv&) const = default;
};

}  // namespace gnomon::ir
