#pragma once

#include <string_view>
#include <vector>

#include "ir/program.h"

namespace gnomon::pass {

// Rewrites nodes by a table of rules until none applies, computes equal nodes once, and removes
// what nothing depends on; inner Programs too. Results are the same numbers, except that zeros may
// change sign (x + 0 is x, also for x = -0). In particular NaN and infinity are kept: a
// floating-point x * 0 and x - x stay, for they are NaN where training has diverged. Sums are not
// reassociated, with one exception: a sum that is a linear combination of sums taken already is
// computed from those, and is the same but for rounding (and where its terms alone overflow). One sweep costs time linear in the number of nodes; two or three sweeps reach
// the fixed point.
ir::Program simplify(const ir::Program& program);

// The names of the rules, in the order in which they are tried.
std::vector<std::string_view> simplify_rules();

}  // namespace gnomon::pass
