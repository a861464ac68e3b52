#include "ir/regions.h"

#include "ir/op_info.h"

namespace gnomon::ir {
namespace {

// Calls f on every attribute of the operator that is a Region.
template <typename O, typename F>
void each_region(O& op, F&& f) {
  for_each_attribute(op, [&](std::string_view, auto& member) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, Region>) f(member);
  });
}

}  // namespace

void for_each_region(const Op& op, const std::function<void(const Program&)>& f) {
  std::visit([&](const auto& o) { each_region(o, [&](const Region& r) { f(r.program()); }); }, op);
}

Program map_regions(const Program& program, const std::function<Program(const Program&)>& f) {
  Program result = program;
  for (auto& node : result.nodes)
    std::visit(
        [&](auto& o) {
          each_region(o, [&](Region& r) { r = Region(f(map_regions(r.program(), f))); });
        },
        node.op);
  return result;
}

Program specialise(const Program& program, const Binding& binding) {
  const auto bound = [&](const Program& original) {
    Program result = original;
    for (auto& state : result.states) state.type.dims = substitute(state.type.dims, binding);
    for (auto& node : result.nodes) {
      std::visit(
          [&](auto& o) {
            if constexpr (requires { o.type; }) o.type.dims = substitute(o.type.dims, binding);
          },
          node.op);
      for (auto& type : node.results) type.dims = substitute(type.dims, binding);
    }
    return result;
  };
  return bound(map_regions(program, bound));
}

bool is_reduction(const Op& op) {
  return std::holds_alternative<Sum>(op) || std::holds_alternative<Max>(op);
}

const std::vector<std::int64_t>& reduced_axes(const Op& op) {
  if (const auto* sum = std::get_if<Sum>(&op)) return sum->axes;
  return std::get<Max>(op).axes;
}

bool sweeps(const Op& op) { return is_elementwise(op) || is_reduction(op); }

const Dims& iteration_space(const Node& node, std::span<const Type> operands) {
  if (const auto* fused = std::get_if<Fused>(&node.op))
    return iteration_space(fused->body.program());
  return is_reduction(node.op) ? operands[0].dims : node.results[0].dims;
}

const Dims& iteration_space(const Node& node, const Program& program) {
  return node.inputs.empty() ? iteration_space(node, std::span<const Type>())
                             : iteration_space(node, std::span(&program.type(node.inputs[0]), 1));
}

const Dims& iteration_space(const Program& body) {
  for (const auto& node : body.nodes)
    if (is_reduction(node.op)) return iteration_space(node, body);
  return body.type(body.outputs[0].value).dims;
}

}  // namespace gnomon::ir
