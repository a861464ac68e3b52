#pragma once

// Time for memory: values of the forward pass that wait long for the backward pass are dropped and
// computed again when they are needed (Griewank and Walther: "Algorithm 799: revolve", 2000; Chen,
// Xu, Zhang and Guestrin: "Training deep nets with sublinear memory cost", 2016).

#include <cstddef>

#include "base/units.h"
#include "ir/program.h"
#include "machine/target.h"

namespace gnomon::pass {

// How much memory the values of a program may take.
struct MemoryBudget {
  Bytes bytes;  // not to be exceeded; 0: as little as `most_extra_time` buys
  // Estimated time of what is computed again, as a share of the program's. Counts where no bytes
  // are given.
  double most_extra_time = 0.2;

  bool operator==(const MemoryBudget&) const = default;
};

// What a budget made of a program.
struct Recomputation {
  Bytes before, after;    // of the arena (plan_memory.h)
  Seconds time, extra;    // of one run before, and what it takes more, as the target estimates
  std::size_t nodes = 0;  // computed a second time
};

struct Rematerialised {
  ir::Program program;
  Recomputation recomputation;
};

// Nodes are computed again by copies of themselves right before the first that needs them; copies
// carry the label of their node with a star: "conv1*". A node that only copies would need is put
// off instead. Since a copy is the same operator on the same operands, results are the same, bit by
// bit.
//
// Greedy: while the budget is exceeded, of the values that only wait where the most memory is alive,
// the one with the most bytes per second of computing it is dropped, together with what it is
// computed from where that is gone too. For programs whose dimensions are integers, in their last
// form: what other passes would do to the copies is not looked at. Takes time proportional to
// (values dropped) × (nodes): quadratic in a net's depth.
//
// Throws InputError, with the least that it found, if the budget cannot be met.
Rematerialised rematerialise(const ir::Program& program, const machine::Target& target,
                             const MemoryBudget& budget);

}  // namespace gnomon::pass
