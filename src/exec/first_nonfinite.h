#pragma once

// Where a number that is none (NaN, infinity) comes from.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "exec/executor.h"

namespace gnomon::exec {

// One operator by itself: a program that applies it to its arguments.
struct Isolated {
  std::string what;  // "%12 matmul \"fc1\"", "state fc1.weight", "argument image"
  ir::Program
      program;  // of no states; the operands are its arguments. Empty for state and argument
  std::vector<Tensor> arguments;
};

// Runs the program on these arguments and states, without keeping what it writes, and returns the
// first operator that makes a number that is not finite from operands that all are; or the first
// state or argument that is not finite itself. Nothing if all numbers are finite.
//
// The program runs as often as keeping all its values needs, at most `memory` at a time; what is
// looked at is not fused away, so results may differ from an undisturbed run's by rounding.
std::optional<Isolated> first_nonfinite(const ir::Program& program, Executor& executor,
                                        std::span<const Tensor* const> arguments,
                                        const std::map<std::string, Tensor>& states,
                                        Bytes memory = Bytes(1 << 30));

// How many elements are not finite numbers; 0 for types that have none.
std::int64_t count_nonfinite(const Tensor& tensor);

}  // namespace gnomon::exec
