#pragma once

// Which inner Programs the tape (tape.h) runs as one.

#include "ir/program.h"

namespace gnomon::exec::cpu {

// True for a directed acyclic graph of element-wise operators over one set of dimensions
// (ir::iteration_space) in f32 and bf16, and of reductions of their values, which the region yields
// and does not use. Operands have these dimensions, or are smaller and reach them through one
// broadcast. Regions may have several results; there is a bound on their size.
bool is_elementwise_region(const ir::Program& body);

// A node by itself as such a Program, operands as inputs.
ir::Program as_region(const ir::Node& node, std::span<const ir::Type> operands);

}  // namespace gnomon::exec::cpu
