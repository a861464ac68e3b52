#include "exec/cpu/contraction_kernel.h"

#include <algorithm>
#include <array>

#include "exec/cpu/layouts.h"

namespace gnomon::exec::cpu {
namespace {

using Desc = dnnl::memory::desc;

// What the arguments of the primitive are called: lhs, rhs, result.
std::array<int, 3> arguments(const ir::Op& op) {
  if (std::holds_alternative<ir::ConvolutionInputGradient>(op))
    return {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC};
  if (std::holds_alternative<ir::ConvolutionWeightGradient>(op))
    return {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS};
  return {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
}

// A matrix read with its last two dimensions exchanged.
Desc exchanged(const Desc& desc) {
  std::vector<int> order;
  const int rank = desc.data.ndims;
  for (int d = 0; d < rank; ++d) order.push_back(d);
  std::swap(order[static_cast<std::size_t>(rank) - 1], order[static_cast<std::size_t>(rank) - 2]);
  return desc.permute_axes(order);
}

Desc view(const Contraction& contraction, std::size_t side, const Stored& stored) {
  const Desc desc = describe(stored.type, stored.layout);
  const auto* matmul = std::get_if<ir::MatMul>(&contraction.node.op);
  if (matmul == nullptr || !(side == 0 ? matmul->transpose_lhs : matmul->transpose_rhs))
    return desc;
  return exchanged(desc);
}

// A bias is one row to a matrix product.
Desc view_bias(const Stored& bias, const Stored& result, bool matmul) {
  if (!matmul) return describe(bias.type, bias.layout);
  ir::Type row{bias.type.dtype, ir::Dims(result.type.rank(), ir::Dim(1))};
  row.dims.back() = bias.type.dims[0];
  return describe(row, {});
}

}  // namespace

dnnl::primitive_attr attributes(const Contraction& contraction) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (contraction.relu) {
    dnnl::post_ops after;
    after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    attributes.set_post_ops(after);
  }
  return attributes;
}

std::optional<PrimitiveCall> call_of(const Contraction& contraction, const Device& device,
                                     const std::vector<Stored>& operands, const Stored& result) {
  const bool matmul = std::holds_alternative<ir::MatMul>(contraction.node.op);
  const std::array sides{contraction.lhs, contraction.rhs};
  const auto empty = [](const Stored& s) { return element_count(s.shape()) == 0; };
  if (empty(result) || std::any_of(operands.begin(), operands.end(), empty)) return std::nullopt;
  const auto fits = [&](const Stored& s) {
    return s.type.rank() <= 12 && onednn_type(s.type.dtype);
  };
  if (!fits(result) || !std::all_of(operands.begin(), operands.end(), fits)) return std::nullopt;
  const auto is_in_blocks = [](const Stored& s) { return !strides(s.shape(), s.layout); };
  if (matmul && (is_in_blocks(operands[sides[0]]) || is_in_blocks(operands[sides[1]]) ||
                 is_in_blocks(result)))
    return std::nullopt;

  PrimitiveCall call;
  const auto names = arguments(contraction.node.op);
  for (std::size_t side = 0; side < 2; ++side) {
    const Stored& stored = operands[sides[side]];
    call.ports.push_back(
        {names[side], false, sides[side], view(contraction, side, stored), stored.constant});
  }
  call.ports.push_back({names[2], true, 0, describe(result.type, result.layout)});
  if (contraction.bias)
    call.ports.push_back({DNNL_ARG_BIAS, false, *contraction.bias,
                          view_bias(operands[*contraction.bias], result, matmul)});
  call.prepare =
      matmul ? prepare_matmul(contraction, device) : prepare_convolution(contraction, device);
  return call;
}

std::optional<machine::NodeLayouts> preferred_layouts(const Contraction& contraction,
                                                      const Device& device,
                                                      const std::vector<Stored>& operands,
                                                      const Stored& result) {
  if (std::holds_alternative<ir::MatMul>(contraction.node.op)) return std::nullopt;
  const auto call = call_of(contraction, device, operands, result);
  if (!call) return std::nullopt;
  const auto chosen = preferred(call->ports, call->prepare);
  if (!chosen) return std::nullopt;
  machine::NodeLayouts layouts{std::vector<ir::Layout>(operands.size()), {{}}};
  for (std::size_t p = 0; p < call->ports.size(); ++p) {
    const auto& port = call->ports[p];
    const auto layout = layout_from((*chosen)[p]);
    (port.is_result ? layouts.results : layouts.operands)[port.index] =
        layout.value_or(ir::Layout{});
  }
  return layouts;
}

}  // namespace gnomon::exec::cpu
