#include "exec/cpu/contraction_kernel.h"

namespace gnomon::exec::cpu {

Prepare prepare_matmul(const Contraction& contraction, const Device& device) {
  return [contraction, &device](const std::vector<dnnl::memory::desc>& d) {
    using dnnl::matmul;
    const matmul::desc description =
        contraction.bias ? matmul::desc(d[0], d[1], d[3], d[2]) : matmul::desc(d[0], d[1], d[2]);
    const matmul::primitive_desc made(description, attributes(contraction), device.engine);
    std::vector wanted{made.src_desc(), made.weights_desc(), made.dst_desc()};
    if (contraction.bias) wanted.push_back(made.bias_desc());
    return Prepared{matmul(made), std::move(wanted), made.scratchpad_desc(), made.impl_info_str()};
  };
}

}  // namespace gnomon::exec::cpu
