#include "pass/dead_code.h"

#include "ir/op_info.h"
#include "pass/rewrite.h"

namespace gnomon::pass {

ir::Program remove_dead_code(const ir::Program& program) {
  std::vector<bool> live(program.nodes.size(), false);
  for (const auto& output : program.outputs) live[output.value.node] = true;
  for (std::size_t i = program.nodes.size(); i-- > 0;) {
    const ir::Node& node = program.nodes[i];
    if (ir::has_effect(node.op) || std::holds_alternative<ir::Input>(node.op)) live[i] = true;
    if (live[i])
      for (const auto value : node.inputs) live[value.node] = true;
  }
  Rewrite rewrite(program);
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    if (live[i]) rewrite.keep(i);
  return rewrite.finish();
}

}  // namespace gnomon::pass
