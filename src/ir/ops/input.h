#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// An argument of the run, named.
struct Input {
  static constexpr std::string_view name = "input";
  std::string argument;
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"argument", &Input::argument}};
  Rule rule() const { return Rule::none(); }
  static constexpr bool is_free = true;
  static constexpr std::size_t operand_count = 0;
  std::vector<Type> infer(std::span<const Type>) const { return {type}; }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Input&) const = default;
};

}  // namespace gnomon::ir
