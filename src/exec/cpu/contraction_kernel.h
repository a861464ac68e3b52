#pragma once

// Contractions on oneDNN.

#include "exec/cpu/contraction.h"
#include "exec/cpu/primitive.h"
#include "machine/target.h"

namespace gnomon::exec::cpu {

// The ports of a contraction and how to make its primitive.
struct PrimitiveCall {
  std::vector<Port> ports;  // lhs, rhs, result, then the bias if there is one
  Prepare prepare;
};

// nullopt where oneDNN has nothing: an empty operand, a matrix product in blocks.
std::optional<PrimitiveCall> call_of(const Contraction& contraction, const Device& device,
                                     const std::vector<Stored>& operands, const Stored& result);

// The layouts in which oneDNN would best run it; nullopt for row-major only.
std::optional<machine::NodeLayouts> preferred_layouts(const Contraction& contraction,
                                                      const Device& device,
                                                      const std::vector<Stored>& operands,
                                                      const Stored& result);

// The two kinds of primitives, each in its own file.
Prepare prepare_matmul(const Contraction& contraction, const Device& device);
Prepare prepare_convolution(const Contraction& contraction, const Device& device);

// What both ask of oneDNN: the epilogue, and scratch that is ours.
dnnl::primitive_attr attributes(const Contraction& contraction);

}  // namespace gnomon::exec::cpu
