#pragma once

#include "ir/program.h"
#include "machine/target.h"

namespace gnomon::pass {

// Decides the layout of every value of the program at once, greedily in program order, and
// annotates nodes (Node::layouts) and states (State::layout):
//
//   - Each node is asked for from the target (Target::layouts), given what its operands are in by
//     then. Before an element-wise node or region is asked for, its operands of full size are
//     brought to one layout, that of a state it reads if there is one: the target may simply agree.
//     Where the target answers nullopt, all is row-major.
//   - A parameter is kept in the layout that the first node wants it in that is not element-wise,
//     through conversions; so are its moments (`<parameter>.<moment>`), so that its update runs in
//     that layout without moving anything. A state that has a layout already keeps it.
//   - Arguments, outputs, reshapes and inner Programs of `if` and `repeat` are row-major.
//   - Where a value is in another layout than wanted, a reorder is inserted, once per value and
//     layout: a value never goes there and back.
//
// Layouts of nodes that were there before are decided anew. Costs two walks over the program.
ir::Program layout(const ir::Program& program, const machine::Target& target);

}  // namespace gnomon::pass
