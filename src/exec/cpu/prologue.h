#pragma once

// The part of a lowered program whose results are the same in every run: what follows from
// constants, and from states that the program only reads (weights in another element type or
// layout). It runs when such a state has changed, not on every run.

#include "ir/program.h"

namespace gnomon::exec::cpu {

struct Split {
  ir::Program prologue;  // outputs: what the body needs
  ir::Program body;      // the rest; takes the prologue's outputs as arguments after its own
};

// Both keep all states, and the layouts of nodes; values that are neither computed nor moved
// (reads, constants, views of them) stay in the body.
Split split_prologue(const ir::Program& program);

// Names of the states that a program writes, and of those that it only reads.
struct StateUse {
  std::vector<std::string> written, only_read;
};
StateUse state_use(const ir::Program& program);

}  // namespace gnomon::exec::cpu
