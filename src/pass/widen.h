#pragma once

// A program with more digits: for judging what the rounding of the original does.

#include "ir/program.h"

namespace gnomon::pass {

// The same program with every floating-point value, state, argument and constant in f64, inner
// Programs too; integers stay. Unlike the reference executor's precision f64, which rounds states
// to their declared types when they commit, states keep all their digits from step to step.
// Numbers in attributes (full, a state's Initial) are f64 already and lose nothing; random_uniform
// draws 53 bits, of which the f32 number's are the first 24. Takes a program before `simplify`,
// which computes with constants in their declared type, and before `layout`: layouts are dropped.
ir::Program widen(const ir::Program& program);

}  // namespace gnomon::pass
