#pragma once

// The one way into inner Programs, for passes and checks.

#include <functional>

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

}  // namespace gnomon::ir
