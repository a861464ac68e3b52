#pragma once

#include "ir/program.h"
#include "machine/target.h"

namespace gnomon::pass {

// Gathers nodes into Fused regions, as large as the target would run as one (Target::fuses, asked
// at every step of growth):
//
//   - a contraction and the element-wise nodes behind it that need nothing but its result, numbers
//     and broadcasts: bias, relu, conversion. The region has one result. Of what leads to further
//     contractions a conversion to more bits is left to those who read it.
//   - element-wise nodes of one iteration space and reductions of their values, with any number of
//     results: the whole update of a parameter reads and writes memory once, and what is only
//     summed is never written.
//
// `full` and `broadcast` nodes are copied into every region that uses them, and so is a value made
// from one other value of its size alone that is kept in any case: reading that instead costs the
// same, and nothing is written for a region much later (the backward pass). What a contraction's
// epilogue makes is kept. A target that runs a region must run its parts. Growth is greedy in
// program order, from producers to consumers, over a short stretch of it only: a value that a much
// later node needs (the backward pass) is not computed early to lie in memory. Regions never depend
// on each other in a circle, and the order of arguments stays. Inner Programs are left alone. Costs
// time linear in the number of nodes: regions have a largest size.
ir::Program fuse(const ir::Program& program, const machine::Target& target);

}  // namespace gnomon::pass
