#include <algorithm>

#include "exec/cpu/contraction_kernel.h"
#include "exec/cpu/isa.h"

namespace gnomon::exec::cpu {
namespace {

// Where AVX-512 lacks bf16, oneDNN emulates it: each product allocates 132 KiB and executes 2.6
// times the instructions of one in f32.
bool emulates(const std::vector<dnnl::memory::desc>& descs) {
  const auto is_bf16 = [](const dnnl::memory::desc& desc) {
    return desc.data.data_type == dnnl_bf16;
  };
  return !has_isa(dnnl::cpu_isa::avx512_core_bf16) &&
         std::any_of(descs.begin(), descs.end(), is_bf16);
}

}  // namespace

Prepare prepare_matmul(const Contraction& contraction, const Device& device) {
  return [contraction, &device](const std::vector<dnnl::memory::desc>& d) {
    using dnnl::matmul;
    if (emulates(d)) throw dnnl::error(dnnl_unimplemented, "no bf16 on this processor");
    const matmul::desc description =
        contraction.bias ? matmul::desc(d[0], d[1], d[3], d[2]) : matmul::desc(d[0], d[1], d[2]);
    const matmul::primitive_desc made(description, attributes(contraction), device.engine);
    std::vector wanted{made.src_desc(), made.weights_desc(), made.dst_desc()};
    if (contraction.bias) wanted.push_back(made.bias_desc());
    return Prepared{matmul(made), std::move(wanted), made.scratchpad_desc(), made.impl_info_str()};
  };
}

}  // namespace gnomon::exec::cpu
