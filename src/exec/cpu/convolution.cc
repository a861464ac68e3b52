#include "exec/cpu/contraction_kernel.h"

namespace gnomon::exec::cpu {
namespace {

using Desc = dnnl::memory::desc;
using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;

constexpr auto algorithm = dnnl::algorithm::convolution_direct;

struct Geometry {
  dnnl::memory::dims stride, padding;
};

Geometry geometry(const ir::Op& op) {
  return std::visit(
      [](const auto& o) -> Geometry {
        if constexpr (requires { o.stride, o.padding; })
          return {o.stride, o.padding};
        else
          return {};
      },
      op);
}

Prepared forward(const Contraction& c, const Geometry& g, const Device& device,
                 const std::vector<Desc>& d) {
  const auto kind = dnnl::prop_kind::forward_training;
  const convolution_forward::desc description =
      c.bias ? convolution_forward::desc(kind, algorithm, d[0], d[1], d[3], d[2], g.stride,
                                         g.padding, g.padding)
             : convolution_forward::desc(kind, algorithm, d[0], d[1], d[2], g.stride, g.padding,
                                         g.padding);
  const convolution_forward::primitive_desc made(description, attributes(c), device.engine);
  std::vector wanted{made.src_desc(), made.weights_desc(), made.dst_desc()};
  if (c.bias) wanted.push_back(made.bias_desc());
  return {convolution_forward(made), std::move(wanted), made.scratchpad_desc(),
          made.impl_info_str()};
}

// Backward primitives are described with the forward one whose gradients they take, in the same
// element types as far as a forward one has them.
convolution_forward::primitive_desc hint(const Geometry& g, const Device& device, Desc images,
                                         Desc weights, Desc result) {
  if (images.data_type() == dnnl::memory::data_type::bf16 ||
      result.data_type() == dnnl::memory::data_type::bf16)
    images.data.data_type = weights.data.data_type = result.data.data_type = dnnl_bf16;
  const auto open = [](const Desc& desc) {
    return Desc(desc.dims(), desc.data_type(), dnnl::memory::format_tag::any);
  };
  return {{dnnl::prop_kind::forward_training, algorithm, open(images), open(weights), open(result),
           g.stride, g.padding, g.padding},
          device.engine};
}

Prepared input_gradient(const Contraction& c, const Geometry& g, const Device& device,
                        const std::vector<Desc>& d) {
  const convolution_backward_data::primitive_desc made(
      {algorithm, d[2], d[1], d[0], g.stride, g.padding, g.padding}, attributes(c), device.engine,
      hint(g, device, d[2], d[1], d[0]));
  return {convolution_backward_data(made),
          {made.diff_dst_desc(), made.weights_desc(), made.diff_src_desc()},
          made.scratchpad_desc(),
          made.impl_info_str()};
}

Prepared weight_gradient(const Contraction& c, const Geometry& g, const Device& device,
                         const std::vector<Desc>& d) {
  const convolution_backward_weights::primitive_desc made(
      {algorithm, d[0], d[2], d[1], g.stride, g.padding, g.padding}, attributes(c), device.engine,
      hint(g, device, d[0], d[2], d[1]));
  return {convolution_backward_weights(made),
          {made.src_desc(), made.diff_dst_desc(), made.diff_weights_desc()},
          made.scratchpad_desc(),
          made.impl_info_str()};
}

}  // namespace

Prepare prepare_convolution(const Contraction& contraction, const Device& device) {
  const Geometry g = geometry(contraction.node.op);
  return [contraction, g, &device](const std::vector<Desc>& d) {
    if (std::holds_alternative<ir::ConvolutionInputGradient>(contraction.node.op))
      return input_gradient(contraction, g, device, d);
    if (std::holds_alternative<ir::ConvolutionWeightGradient>(contraction.node.op))
      return weight_gradient(contraction, g, device, d);
    return forward(contraction, g, device, d);
  };
}

}  // namespace gnomon::exec::cpu
