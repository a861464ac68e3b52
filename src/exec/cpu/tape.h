#pragma once

// Element-wise regions as one sweep over memory: the region becomes a short program
// (tape_program.h) that runs over one block of elements after another. bf16 is widened on the way
// in and rounded on the way out; in between only conversions to bf16 round. Where the processor has
// AVX-512 or AVX2 the program is compiled to machine code (tape_code.h) in which intermediate values
// stay in vector registers; elsewhere each instruction is a loop over a block that stays in the
// first-level cache.
//
// Reductions take their terms block by block, too, into totals of each thread that are combined in
// the end: their order depends on the number of threads alone.
//
// Full-size operands and results share one layout. Where it is padded, the padding of the results
// is zeroed unless the region is seen to map zeros to zeros.

#include "exec/cpu/kernel.h"

namespace gnomon::exec::cpu {

// `body` must satisfy is_elementwise_region and be static; operands and results are its inputs and
// outputs as stored. nullptr if the layouts of full-size operands and results differ, if padding
// other than zeros in a sum would be reduced, or if a smaller value is not in row-major order.
// `as_loops` is for processors that tape_code.h has no code for, and for tests.
enum class TapeRuns { as_code, as_loops };
std::unique_ptr<Kernel> make_tape(const ir::Program& body, const Site& site,
                                  TapeRuns as = TapeRuns::as_code);

// Whether there is one.
bool tape_runs(const ir::Program& body, const Site& site);

}  // namespace gnomon::exec::cpu
