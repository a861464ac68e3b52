#pragma once

#include "ir/program.h"

namespace gnomon::ir {

// Checks that a program means something: operands come before their uses, every result has the type
// inference gives, a state is declared once, read at most once and written at most once with its
// own type, a symbol has one bound, output and argument names are distinct, inner Programs have no
// states, do not communicate and fit their operands, the tokens of a group form one chain, and its
// operators agree on the number of ranks (ir/ops/token.h). Throws InputError naming the node, the
// operator and the shapes:
//   "lenet: %12 matmul: k differs: 64 and 32 (operands f32[8, 64], f32[32, 10])"
void verify(const Program& program);

}  // namespace gnomon::ir
