#pragma once

#include "ir/program.h"

namespace gnomon::pass {

// The program without the nodes that no output and no effect (state write) depends on. Inputs stay,
// used or not: they are the signature of the program. So do states: they outlive the run.
ir::Program remove_dead_code(const ir::Program& program);

}  // namespace gnomon::pass
