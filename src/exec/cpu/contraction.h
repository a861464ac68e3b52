#pragma once

// Matrix products and convolutions, alone or with what oneDNN does on the way out: add a bias,
// apply relu, round to another element type.

#include <optional>

#include "ir/program.h"

namespace gnomon::exec::cpu {

// A contraction with its epilogue, read from a node or from a region's body.
//
//   contraction -> [convert] -> [+ broadcast(bias)] -> [convert] -> [relu] -> [convert]
//
// in f32 and bf16. A bias is one number per channel of a convolution's result, or per column of a
// matrix product's.
//
// Two liberties are taken that the definition does not: intermediate values are kept in f32 where
// the body rounds them to bf16, and oneDNN's fused relu maps NaN to 0.
struct Contraction {
  ir::Node node;                    // the matmul or convolution; its inputs mean nothing here
  std::size_t lhs = 0, rhs = 1;     // which operands of the region it takes
  std::optional<std::size_t> bias;  // which operand is added
  bool relu = false;
  DType result = DType::f32;
};

// nullopt if `body` is anything else.
std::optional<Contraction> as_contraction(const ir::Program& body);

bool is_contraction(const ir::Op& op);

}  // namespace gnomon::exec::cpu
