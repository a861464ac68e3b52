#pragma once

// Questions about any operator, answered from its declaration.

#include <string_view>

#include "base/units.h"
#include "ir/ops.h"

namespace gnomon::ir {

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
