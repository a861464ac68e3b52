#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// A part of a Program that an executor may run as one. Its meaning is its inner Program: operands
// are its inputs in order, results its outputs.
struct Fused {
  static constexpr std::string_view name = "fused";
  Region body;
  static constexpr auto attributes = std::tuple{Attribute{"body", &Fused::body}};
  Rule rule() const { return Rule::none(); }
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Fused&) const = default;
};

}  // namespace gnomon::ir
