#pragma once

#include <span>

#include "ir/program.h"

namespace gnomon::ir {

// Checks that the programs of several ranks, rank r running programs[r], can communicate. Those
// that name a group are its ranks 0, 1, …, in this order: they must be as many as the group has.
//
// The chains of a group (ir/ops/token.h) are followed side by side. A collective needs every rank
// of the group to be at the same one: operator, attributes, element type and shape. A send does not
// wait; a recv takes the peer's next value for this rank, of the declared type, or waits for it.
// What is never received, or waited for in vain, is an error. Groups are followed one by one: that
// ranks wait for each other through *different* groups is not seen.
//
// Throws InputError naming the group, the step of the rank named first (its operators in the group,
// counted from 0), and what two ranks do there; attributes only where nothing else differs:
//   "group data, step 3: rank 0 does all_reduce f32[64, 10], rank 1 does all_gather f32[64, 10]"
// Also throws what `verify` throws. Costs time linear in the size of the programs.
void verify_ranks(std::span<const Program> programs);

}  // namespace gnomon::ir
