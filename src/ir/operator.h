#pragma once

// What an operator declares. One struct in one file of ir/ops holds its name, index rule,
// attributes and gradient; ops.h is the only list. An operator adds to this only where the index
// rule is wrong for it:
//
//   Type type;
//       a declared result type, where it does not follow from the operands (input, reshape): the
//       text form writes it
//   std::vector<Type> infer(std::span<const Type> operands) const;
//       result types; by default the rule's dimensions with the element type of the first operand
//   static constexpr std::size_t operand_count = …;
//       where there is no rule to tell and the number is fixed
//   static constexpr bool floats_only = true;
//       means something for floating-point elements only: infer refuses others
//   static constexpr double flops_per_point = …;
//       operations per point of the index space, without a rule per element of the first result; by
//       default 2 for contractions of two operands, else 1. Moving elements is 0: it costs bytes
//   static constexpr bool is_free = true;
//       names memory that is there already: no operations, no bytes
//   Cost cost(std::span<const Type> operands, std::span<const Type> results) const;
//       what one execution costs; by default operations by flops_per_point, bytes of operands and
//       results
//   template <typename T> static T point(T…);
//       the scalar function the rule applies at each point; an operator without one is evaluated by
//       name
//   static constexpr bool has_effect = true;
//       must stay although nothing uses its results, and is never computed once for two
//   std::string group;
//       takes part in the communication of a group of ranks; such operators alone take and yield
//       tokens (ops/token.h)

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "ir/attribute.h"
#include "ir/rule.h"
#include "ir/type.h"

namespace gnomon::ir {

// One of the results of a node.
struct Value {
  std::uint32_t node = 0;
  std::uint32_t result = 0;
  auto operator<=>(const Value&) const = default;
};

class Builder;

// What an operator is given to differentiate itself: the reverse-mode gradients of its results.
struct GradientArgs {
  Builder& build;
  std::span<const Value> inputs;
  std::span<const Value> outputs;
  // One per output, of the output's type: zeros where nothing depends on it. A token has none; in
  // its place stands the token itself.
  std::span<const Value> gradients;
};

// What one execution costs at the bound of every symbol: operations (a multiply-add is two; taps of
// a window that fall in the padding are counted), and bytes of operands read and results written
// once each.
struct Cost {
  Flops flops;
  Bytes bytes;
};

// Why an operator has no gradient.
struct NotDifferentiable {
  std::string_view why;
};

// One gradient per input, of the input's type; nullopt for inputs through which nothing flows
// (integers, labels).
using Gradients = std::vector<std::optional<Value>>;
using Gradient = std::variant<Gradients, NotDifferentiable>;

template <typename T>
concept Operator = std::equality_comparable<T> && requires(const T op, const GradientArgs& args) {
  { T::name } -> std::convertible_to<std::string_view>;
  { op.rule() } -> std::same_as<Rule>;
  T::attributes;
  { op.gradient(args) } -> std::same_as<Gradient>;
};

}  // namespace gnomon::ir
