#include "pass/widen.h"

#include <type_traits>

#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

DType wide(DType dtype) { return is_float(dtype) ? DType::f64 : dtype; }

ir::Op widened(ir::Op op) {
  std::visit(
      [](auto& o) {
        if constexpr (requires { o.type; }) o.type.dtype = wide(o.type.dtype);
        if constexpr (requires { o.dtype; }) o.dtype = wide(o.dtype);
        ir::for_each_attribute(o, [](std::string_view, auto& member) {
          using Member = std::remove_cvref_t<decltype(member)>;
          if constexpr (std::is_same_v<Member, ir::Region>)
            member = ir::Region(widen(member.program()));
          if constexpr (std::is_same_v<Member, ir::Blob>)
            member = ir::Blob(convert(member.tensor(), wide(member.tensor().dtype())));
        });
      },
      op);
  return op;
}

}  // namespace

ir::Program widen(const ir::Program& program) {
  Rewrite rewrite(program);
  for (std::size_t i = 0; i < program.states.size(); ++i) {
    ir::State& state = rewrite.state(i);
    state.type.dtype = wide(state.type.dtype);
    state.layout = {};
  }
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
    const ir::Node& node = program.nodes[i];
    const auto results = rewrite.append(widened(node.op), rewrite.at(node.inputs), node.label);
    for (std::uint32_t r = 0; r < results.size(); ++r) {
      ir::Value value = results[r];
      // one_hot yields f32 whatever it is given.
      if (const DType dtype = rewrite.program().type(value).dtype; dtype != wide(dtype))
        value = rewrite.append(ir::Convert{DType::f64}, {value}, node.label)[0];
      rewrite.replace({i, r}, value);
    }
  }
  return rewrite.finish();
}

}  // namespace gnomon::pass
