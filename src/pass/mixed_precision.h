#pragma once

// bf16 arithmetic with f32 master weights (Micikevicius et al.: "Mixed precision training", ICLR
// 2018; Kalamkar et al.: "A study of bfloat16 for deep learning training", 2019). bf16 has the
// exponents of f32, so the loss needs no scaling.

#include <string_view>

#include "ir/program.h"

namespace gnomon::pass {

// What becomes of an operator on f32 values. Values of other types are left alone.
enum class Precision {
  narrow,  // takes and yields bf16: contractions
  follow,  // bf16 if what it works on is bf16 already; constants and broadcast operands adapt
  wide,    // takes and yields f32: whatever adds up many numbers or is steep
  any,     // takes what it is given: sources, and arg_max, whose answer does not depend on it
};
Precision precision_of(const ir::Op& op);

// The program with bf16 arithmetic where that is cheap and safe. States, arguments and outputs keep
// their types: parameters are converted after they are read. Whatever leads to a state write
// without another contraction on the way, the update, is wide. Nothing inside inner Programs is
// changed.
//
// Takes a forward program (the gradient of a conversion is the conversion back, so weight gradients
// taken afterwards end in f32) or a whole training step.
ir::Program mixed_precision(const ir::Program& program);

}  // namespace gnomon::pass
