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

}  // namespace gnomon::ir
