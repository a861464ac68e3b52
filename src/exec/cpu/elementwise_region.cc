#include "exec/cpu/elementwise_region.h"

#include <algorithm>

#include "exec/cpu/spread.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::size_t most_nodes = 96;

bool is_tape_type(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16; }

bool is_source(const ir::Op& op) {
  return std::holds_alternative<ir::Input>(op) || std::holds_alternative<ir::Full>(op);
}

// Whether a value of other dimensions than the region's is used by broadcasts only.
bool only_spread(const ir::Program& body, std::uint32_t node,
                 const std::vector<std::vector<std::uint32_t>>& uses) {
  return std::all_of(uses[node].begin(), uses[node].end(), [&](std::uint32_t user) {
    return std::holds_alternative<ir::Broadcast>(body.nodes[user].op);
  });
}

}  // namespace

bool is_elementwise_region(const ir::Program& body) {
  if (body.outputs.empty() || body.nodes.size() > most_nodes) return false;
  const ir::Dims& dims = ir::iteration_space(body);
  if (dims.size() > most_dimensions) return false;
  const auto uses = ir::uses_of(body);
  for (std::uint32_t i = 0; i < body.nodes.size(); ++i) {
    const auto& node = body.nodes[i];
    if (node.results.size() != 1 || !is_tape_type(node.results[0].dtype)) return false;
    const bool full_size = node.results[0].dims == dims;
    if (is_source(node.op)) {
      if (!full_size && !only_spread(body, i, uses)) return false;
    } else if (std::holds_alternative<ir::Broadcast>(node.op)) {
      if (!full_size || !is_source(body.nodes[node.inputs[0].node].op)) return false;
    } else if (ir::is_reduction(node.op)) {
      if (!uses[i].empty() || ir::reduced_axes(node.op).empty() ||
          body.type(node.inputs[0]).dims != dims)
        return false;
    } else if (!full_size || !ir::is_elementwise(node.op)) {
      return false;
    }
  }
  return std::all_of(body.outputs.begin(), body.outputs.end(), [&](const ir::Output& output) {
    return body.type(output.value).dims == dims ||
           ir::is_reduction(body.nodes[output.value.node].op);
  });
}

ir::Program as_region(const ir::Node& node, std::span<const ir::Type> operands) {
  ir::Program body;
  body.name = ir::name(node.op);
  ir::Node copy = node;
  for (std::uint32_t i = 0; i < operands.size(); ++i) {
    body.nodes.push_back(
        {ir::Input{fmt::format("operand{}", i), operands[i]}, {}, {operands[i]}, {}, {}});
    copy.inputs[i] = {i, 0};
  }
  body.nodes.push_back(std::move(copy));
  for (std::uint32_t r = 0; r < node.results.size(); ++r)
    body.outputs.push_back(
        {fmt::format("result{}", r), {static_cast<std::uint32_t>(operands.size()), r}});
  return body;
}

}  // namespace gnomon::exec::cpu
