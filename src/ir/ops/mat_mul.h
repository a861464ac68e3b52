#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Matrix product over the last two dimensions, leading dimensions in step. An operand marked
// transposed is read with its last two dimensions exchanged.
struct MatMul {
  static constexpr std::string_view name = "matmul";
  bool transpose_lhs = false;
  bool transpose_rhs = false;
  static constexpr auto attributes = std::tuple{Attribute{"transpose_lhs", &MatMul::transpose_lhs},
                                                Attribute{"transpose_rhs", &MatMul::transpose_rhs}};
  Rule rule() const;
  template <typename T>
  static T point(T x, T y) {
    return x * y;
  }
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const MatMul&) const = default;
};

}  // namespace gnomon::ir
