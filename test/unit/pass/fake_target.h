#pragma once

// A device for tests: it fuses what a good one would, likes convolutions in blocked layouts, lets
// element-wise nodes run in any layout, and writes them over their operands.

#include <algorithm>

#include "ir/op_info.h"
#include "ir/regions.h"
#include "machine/target.h"

namespace gnomon::test {

class FakeTarget final : public machine::Target {
 public:
  std::string_view name() const override { return "fake"; }

  bool fuses(const ir::Program&) const override { return fuses_all; }

  std::optional<machine::NodeLayouts> layouts(const ir::Node& node,
                                              std::span<const ir::Type> operands,
                                              std::span<const ir::Layout> current) const override {
    if (!blocked) return std::nullopt;
    const ir::Op& op = core(node);
    if (ir::name(op).starts_with("convolution")) {
      machine::NodeLayouts answer{std::vector<ir::Layout>(operands.size()), {{images}}};
      const bool weights_result = std::holds_alternative<ir::ConvolutionWeightGradient>(op);
      answer.operands[0] = {images};
      answer.operands[1] = {weights_result ? images : weights};
      if (weights_result) answer.results = {{weights}};
      return answer;
    }
    if (!ir::is_elementwise(op)) return std::nullopt;
    machine::NodeLayouts answer{{current.begin(), current.end()}, {}};
    const auto* fused = std::get_if<ir::Fused>(&node.op);
    const ir::Dims space =
        fused == nullptr ? node.results[0].dims : ir::iteration_space(fused->body.program());
    ir::Layout full;
    for (std::size_t i = 0; i < operands.size(); ++i)
      if (operands[i].dims == space) full = current[i];
    for (const auto& result : node.results)
      answer.results.push_back(result.dims == space ? full : ir::Layout());
    return answer;
  }

  bool in_place(const ir::Node& node, std::size_t, std::size_t) const override {
    return ir::is_elementwise(core(node));
  }

  Seconds time(const ir::Node&, std::span<const ir::Type>) const override { return Seconds(0); }

  bool fuses_all = true;
  bool blocked = true;
  std::string images = "aBcd4b";
  std::string weights = "ABcd4a4b";

 private:
  // What a region is about: its contraction if there is one.
  static const ir::Op& core(const ir::Node& node) {
    const auto* fused = std::get_if<ir::Fused>(&node.op);
    if (fused == nullptr) return node.op;
    const ir::Op* found = nullptr;
    for (const auto& inner : fused->body.program().nodes)
      if (ir::name(inner.op).starts_with("conv") && ir::name(inner.op) != "convert")
        return inner.op;
      else if (std::holds_alternative<ir::MatMul>(inner.op) || ir::is_elementwise(inner.op) ||
               ir::is_reduction(inner.op))
        found = found == nullptr ? &inner.op : found;
    return *found;
  }
};

}  // namespace gnomon::test
