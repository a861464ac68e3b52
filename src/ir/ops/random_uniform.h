#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Numbers in [0, 1) of the declared type, a pure function of (seed, step, stream, element's global
// index): the operand is the step (i64 scalar). Philox4x32-10 (base/random.h); sharded or resumed,
// a run draws the same numbers.
struct RandomUniform {
  static constexpr std::string_view name = "random_uniform";
  std::int64_t seed = 0;
  std::int64_t stream = 0;  // tells apart the random operators of one program
  Type type;
  static constexpr auto attributes = std::tuple{Attribute{"seed", &RandomUniform::seed},
                                                Attribute{"stream", &RandomUniform::stream}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 1;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const RandomUniform&) const = default;
};

}  // namespace gnomon::ir
