#pragma once

// Questions about any operator, answered from its declaration.

#include <string_view>

#include "base/units.h"
#include "ir/ops.h"

namespace gnomon::ir {

// Operators that are one scalar function at every point of their index space (`point`, operator.h).
template <typename O>
concept Pointwise = requires(float x) {
  O::point(x);
}
|| requires(float x) { O::point(x, x); };

// Operators that mean something for floating-point elements only: infer rejects others.
template <typename O>
inline constexpr bool floats_only =
    std::is_same_v<O, Exp> || std::is_same_v<O, Log> || std::is_same_v<O, SquareRoot> ||
    std::is_same_v<O, Divide> || std::is_same_v<O, Softmax> || std::is_same_v<O, LogSoftmax>;

std::string_view name(const Op& op);
Rule rule(const Op& op);

// Result types. Throws InputError, opening with the operator's name, when operands do not fit.
std::vector<Type> infer(const Op& op, std::span<const Type> operands);

// Reverse-mode gradient of a node (see GradientArgs).
Gradient gradient(const Op& op, const GradientArgs& args);

// True for operators computed point by point: result[i] = f(operands[i]...) for one scalar f, all
// of one shape.
bool is_elementwise(const Op& op);

// True for operators that must not be removed although nothing uses their results (state writes).
bool has_effect(const Op& op);

// What one execution costs at the bound of every symbol: operations (a multiply-add is two; taps of
// a window that fall in the padding are counted), and bytes of operands read and results written
// once each.
struct Cost {
  Flops flops;
  Bytes bytes;
};
Cost cost(const Op& op, std::span<const Type> operands, std::span<const Type> results);

// The operations of all nodes of a program, inner Programs included.
Flops program_flops(const Program& program);

}  // namespace gnomon::ir
