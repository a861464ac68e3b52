#pragma once

#include <dnnl.hpp>

namespace gnomon::exec::cpu {

// Whether the processor has these instructions and ONEDNN_MAX_CPU_ISA allows them.
inline bool has_isa(dnnl::cpu_isa wanted) {
  const auto bits = static_cast<unsigned>(wanted);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
}

}  // namespace gnomon::exec::cpu
