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
concept FloatsOnly = requires {
  O::floats_only;
};

std::string_view name(const Op& op);
Rule rule(const Op& op);

// Result types. Throws InputError, opening with the operator's name, when operands do not fit.
std::vector<Type> infer(const Op& op, std::span<const Type> operands);

// Reverse-mode gradient of a node (see GradientArgs).
Gradient gradient(const Op& op, const GradientArgs& args);

// True for operators computed point by point: result[i] = f(operands[i]...) for one scalar f, all
// of one shape.
bool is_elementwise(const Op& op);

// True for operators whose result is known before any run, as soon as its shape is: constant, full,
// iota.
bool is_constant(const Op& op);

// True for operators that must not be removed although nothing uses their results (state writes).
bool has_effect(const Op& op);

// The group whose communication the operator takes part in; empty for most.
std::string_view group(const Op& op);
// The number of ranks in that group; 0 where the operator does not say.
std::int64_t ranks(const Op& op);

// What one execution costs.
Cost cost(const Op& op, std::span<const Type> operands, std::span<const Type> results);

// The operations of all nodes of a program, inner Programs included.
Flops program_flops(const Program& program);

}  // namespace gnomon::ir
