#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The number of elements that a reduction over `axes` combines, as a scalar of the operand's
// element type: what a mean divides by.
struct Extent {
  static constexpr std::string_view name = "extent";
  std::vector<std::int64_t> axes;
  static constexpr auto attributes = std::tuple{Attribute{"axes", &Extent::axes}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 1;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Extent&) const = default;
};

}  // namespace gnomon::ir
