#include "exec/cpu/target.h"

#include <algorithm>

#include "exec/cpu/bf16_gradient.h"
#include "exec/cpu/contraction_kernel.h"
#include "exec/cpu/direct.h"
#include "exec/cpu/elementwise_region.h"
#include "exec/cpu/gemm.h"
#include "exec/cpu/layouts.h"
#include "exec/cpu/pooling.h"
#include "exec/cpu/tape.h"
#include "exec/cpu/winograd.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::exec::cpu {
namespace {

using machine::NodeLayouts;
using Layouts = std::optional<NodeLayouts>;

const ir::Program* body_of(const ir::Node& node) {
  const auto* fused = std::get_if<ir::Fused>(&node.op);
  return fused == nullptr ? nullptr : &fused->body.program();
}

bool runs_on_tape(const ir::Node& node) {
  const auto* body = body_of(node);
  return body != nullptr ? is_elementwise_region(*body) : ir::sweeps(node.op);
}

std::vector<Stored> stored(std::span<const ir::Type> types, std::span<const ir::Layout> layouts) {
  std::vector<Stored> result;
  for (std::size_t i = 0; i < types.size(); ++i)
    result.push_back({types[i], layouts.empty() ? ir::Layout{} : layouts[i]});
  return result;
}

// Values of full size in one layout; smaller ones are in row-major order.
NodeLayouts in_one(const ir::Node& node, std::span<const ir::Type> operands,
                   const ir::Layout& layout) {
  const ir::Dims& space = ir::iteration_space(node, operands);
  NodeLayouts layouts;
  for (const auto& operand : operands)
    layouts.operands.push_back(operand.dims == space ? layout : ir::Layout{});
  for (const auto& result : node.results)
    layouts.results.push_back(result.dims == space ? layout : ir::Layout{});
  return layouts;
}

// The tape runs in any layout, but some reductions over padding.
bool runs_in(const ir::Node& node, std::span<const ir::Type> operands, const ir::Layout& layout) {
  if (layout.is_row_major() ||
      !is_padded(ir::bound_shape(ir::iteration_space(node, operands)), layout))
    return true;
  const NodeLayouts layouts = in_one(node, operands, layout);
  const auto* body = body_of(node);
  const Site site{node, stored(operands, layouts.operands), stored(node.results, layouts.results)};
  return tape_runs(body != nullptr ? *body : as_region(node, operands), site);
}

Layouts follow(const ir::Node& node, std::span<const ir::Type> operands,
               std::span<const ir::Layout> current) {
  const ir::Dims& space = ir::iteration_space(node, operands);
  ir::Layout common;
  for (std::size_t i = 0; i < operands.size(); ++i)
    if (operands[i].dims == space && common.is_row_major()) common = current[i];
  return in_one(node, operands, runs_in(node, operands, common) ? common : ir::Layout{});
}

// A convolution or the gradient of its weights, which kernels of our own compute whatever the layout
// of the weights: that in which oneDNN wants them for the gradient of the images, so that nobody
// has to move them. Row-major if it would fill more than half with padding.
ir::Layout weights_for_gradient(const Contraction& contraction, const Site& site,
                                const Device& device) {
  ir::Type images = site.operands[contraction.lhs].type,
           results = site.operands[contraction.rhs].type, weights = site.results[0].type;
  Contraction gradient;
  if (const auto* op = std::get_if<ir::Convolution>(&contraction.node.op)) {
    std::swap(results, weights);
    gradient.node.op = ir::ConvolutionInputGradient{op->stride, op->padding, images};
  } else {
    const auto& of_weights = std::get<ir::ConvolutionWeightGradient>(contraction.node.op);
    gradient.node.op = ir::ConvolutionInputGradient{of_weights.stride, of_weights.padding, images};
  }
  results.dtype = weights.dtype = images.dtype;
  const auto layouts =
      preferred_layouts(gradient, device, {{results, {}}, {weights, {}}}, {images, {}});
  if (!layouts) return {};
  const ir::Layout& layout = layouts->operands[1];
  const Shape shape = ir::bound_shape(weights.dims);
  return stored_count(shape, layout) <= 2 * element_count(shape) ? layout : ir::Layout{};
}

class Preference {
 public:
  Preference(const ir::Node& node, std::span<const ir::Type> operands,
             std::span<const ir::Layout> current)
      : node_(node), operands_(stored(operands, current)) {}

  // Whether `make` has a kernel for these layouts.
  template <typename Make>
  Layouts if_made(NodeLayouts layouts, const Make& make) {
    for (std::size_t i = 0; i < operands_.size(); ++i) operands_[i].layout = layouts.operands[i];
    const Site site{node_, operands_, stored(node_.results, layouts.results)};
    if (make(site) == nullptr) return std::nullopt;
    return layouts;
  }

  Layouts operator()(const ir::MaxPool& op) {
    const ir::Layout images = operands_[0].layout;
    return if_made({{images}, {images}}, [&](const Site& s) { return make_max_pool(s, op); });
  }
  Layouts operator()(const ir::MaxPoolGradient& op) {
    const ir::Layout images = operands_[0].layout;
    return if_made({{images, images}, {images}},
                   [&](const Site& s) { return make_max_pool_gradient(s, op); });
  }
  Layouts operator()(const ir::Transpose& op) {
    const ir::Layout& layout = operands_[0].layout;
    return NodeLayouts{{layout}, {ir::transposed(layout, op.permutation)}};
  }
  template <typename Op>
  Layouts operator()(const Op&) {
    return std::nullopt;
  }

 private:
  const ir::Node& node_;
  std::vector<Stored> operands_;
};

}  // namespace

bool CpuTarget::fuses(const ir::Program& body) const {
  return is_elementwise_region(body) || as_contraction(body).has_value();
}

Layouts CpuTarget::layouts(const ir::Node& node, std::span<const ir::Type> operands,
                           std::span<const ir::Layout> current) const {
  if (runs_on_tape(node)) return follow(node, operands, current);
  const auto* body = body_of(node);
  if (body == nullptr && !is_contraction(node.op))
    return std::visit(Preference(node, operands, current), node.op);
  const auto contraction = as_contraction(body != nullptr ? *body : as_region(node, operands));
  if (!contraction) return std::nullopt;
  if (auto gemm = gemm_layouts(
          *contraction, {node, stored(operands, current), stored(node.results, {}), threads_}))
    return gemm;
  auto layouts =
      preferred_layouts(*contraction, device_, stored(operands, {}), {node.results[0], {}});
  if (!layouts) return std::nullopt;
  const Site site{node, stored(operands, current), stored(node.results, layouts->results),
                  threads_};
  if (auto direct = direct_layouts(*contraction, site)) {
    const bool is_forward = std::holds_alternative<ir::Convolution>(contraction->node.op);
    auto& weights = is_forward ? direct->operands[contraction->rhs] : direct->results[0];
    if (weights.is_row_major()) weights = weights_for_gradient(*contraction, site, device_);
    return direct;
  }
  if (auto winograd = winograd_layouts(*contraction, site)) return winograd;
  if (auto gradient = bf16_gradient_layouts(*contraction, site)) return gradient;
  return layouts;
}

bool CpuTarget::in_place(const ir::Node& node, std::size_t operand, std::size_t result) const {
  const auto* body = body_of(node);
  if (body == nullptr)
    return ir::is_elementwise(node.op) || std::holds_alternative<ir::Softmax>(node.op) ||
           std::holds_alternative<ir::LogSoftmax>(node.op);
  if (!is_elementwise_region(*body)) return false;
  const auto inputs = ir::inputs_of(*body);
  // A result that is an operand unchanged would be read after another result lies over it.
  const bool passes_through =
      std::any_of(body->outputs.begin(), body->outputs.end(), [&](const ir::Output& output) {
        return std::holds_alternative<ir::Input>(body->nodes[output.value.node].op);
      });
  return !passes_through && body->nodes[inputs[operand]].results[0] == node.results[result];
}

Seconds CpuTarget::time(const ir::Node& node, std::span<const ir::Type> operands) const {
  constexpr Seconds call(2e-6);
  constexpr double bytes_per_second = 1e10;
  const bool narrow = !operands.empty() && operands[0].dtype == DType::bf16;
  const double flops_per_second = (narrow ? 6e11 : 1.5e11) * threads_;
  const auto cost = ir::cost(node.op, operands, node.results);
  return call + Seconds(std::max(cost.flops.value / flops_per_second,
                                 cost.bytes.value / bytes_per_second));
}

}  // namespace gnomon::exec::cpu
