#pragma once

// Reverse-mode differentiation (Griewank and Walther: "Evaluating Derivatives", 2008, chapter 3) of
// a program into a program: the forward nodes stay as they are, the backward nodes follow them.

#include <string>
#include <string_view>

#include "ir/program.h"

namespace gnomon::pass {

// The output under which the gradient of a parameter is found: "gradient/conv1.weight".
std::string gradient_output(std::string_view parameter);

// The forward program with one more output for each floating-point state of Role::parameter, in the
// order of the states: the derivative of the output `loss`, a floating-point scalar, for the
// parameter's old value, of the parameter's type (zeros if the loss does not depend on it).
//
// Gradients are separate outputs, and their nodes come in the order in which the backward pass
// finishes them, last layers first: whoever buckets or sends them may start with the first while
// later ones are computed. Nothing is built for values through which no parameter flows (images,
// labels). Backward nodes carry the label of their forward node with a prime: "conv1'".
//
// Gradients of communication follow it in its groups (ir/ops/token.h).
//
// Throws InputError if there is no such output, if it is no floating-point scalar, or if an
// operator on the way has no gradient; the message names the node, the operator and the reason:
//   "net: %7 repeat (block): cannot be differentiated: reverse mode through repeat is not provided"
ir::Program gradient(const ir::Program& forward, std::string_view loss);

}  // namespace gnomon::pass
