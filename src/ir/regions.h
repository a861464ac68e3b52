#pragma once

// The one way into inner Programs, for passes and checks.

#include <functional>
#include <span>

#include "ir/program.h"

namespace gnomon::ir {

// Calls f on each inner Program of the operator.
void for_each_region(const Op& op, const std::function<void(const Program&)>& f);

// The program with f applied to every inner Program, innermost first; `f` is not applied to
// `program` itself.
Program map_regions(const Program& program, const std::function<Program(const Program&)>& f);

// Replaces symbols by what they are bound to, in types, attributes and inner Programs. Throws
// InputError when out of bounds.
Program specialise(const Program& program, const Binding& binding);

// Sums and maxima over dimensions.
bool is_reduction(const Op& op);
const std::vector<std::int64_t>& reduced_axes(const Op& op);

// Element-wise operators and reductions: what runs over a value element by element, in any layout.
bool sweeps(const Op& op);

// The dimensions over which a node that sweeps iterates, or a Fused one of such: those of its
// result, or of what is reduced.
const Dims& iteration_space(const Node& node, std::span<const Type> operands);
const Dims& iteration_space(const Node& node, const Program& program);
const Dims& iteration_space(const Program& body);

}  // namespace gnomon::ir
