#pragma once

#include "exec/reference/evaluate.h"

namespace gnomon::exec::reference {

// One evaluation of a node.
struct Call {
  const ir::Node& node;
  std::span<const Tensor* const> operands;
  Precision precision;
  std::int64_t& points;  // visited so far

  // The type in which the values of result i are kept.
  DType result_dtype(std::size_t i = 0) const { return kept_as(node.results[i].dtype, precision); }
  Shape result_shape(std::size_t i = 0) const { return ir::bound_shape(node.results[i].dims); }
};

}  // namespace gnomon::exec::reference
