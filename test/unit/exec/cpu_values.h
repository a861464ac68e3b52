#pragma once

// What tests of single kernels run on.

#include "base/random.h"
#include "exec/cpu/primitive.h"

namespace gnomon::exec::cpu {

inline const Device& device() {
  static const Device made;
  return made;
}

// Numbers in [-1, 1) of a type.
inline Tensor random_tensor(const ir::Type& type, std::uint64_t seed) {
  Tensor value(DType::f64, ir::bound_shape(type.dims));
  const Random random(seed, "values");
  std::uint64_t i = 0;
  for (auto& x : value.span<double>()) x = 2 * random.uniform(i++) - 1;
  return convert(value, type.dtype);
}

}  // namespace gnomon::exec::cpu
