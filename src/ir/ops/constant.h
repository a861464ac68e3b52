#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// A large constant, identified by the hash of its contents. For one number, use full.
struct Constant {
  static constexpr std::string_view name = "constant";
  Blob blob;
  static constexpr auto attributes = std::tuple{Attribute{"blob", &Constant::blob}};
  Rule rule() const { return Rule::none(); }
  static constexpr bool is_free = true;
  static constexpr std::size_t operand_count = 0;
  std::vector<Type> infer(std::span<const Type>) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Constant&) const = default;
};

}  // namespace gnomon::ir
