#include "exec/reference/interpret.h"

namespace gnomon::exec::reference {
namespace {

std::vector<Tensor> one(Tensor value) {
  std::vector<Tensor> values;
  values.push_back(std::move(value));
  return values;
}

}  // namespace

Interpretation interpret(const ir::Program& program, std::span<const Tensor* const> arguments,
                         Precision precision,
                         const std::function<Tensor(const std::string& state)>& read) {
  Interpretation run;
  run.points.resize(program.nodes.size());
  std::vector<std::vector<Tensor>> values(program.nodes.size());
  std::size_t argument = 0;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const auto& node = program.nodes[i];
    std::vector<const Tensor*> operands;
    for (const auto value : node.inputs) operands.push_back(&values[value.node][value.result]);
    if (std::holds_alternative<ir::Input>(node.op))
      values[i] = one(*arguments[argument++]);
    else if (const auto* from = std::get_if<ir::Read>(&node.op))
      values[i] = one(read(from->state));
    else if (const auto* to = std::get_if<ir::Write>(&node.op))
      run.written[to->state] = *operands[0];
    else
      values[i] = evaluate_node(node, operands, precision, &run.points[i]);
  }
  for (const auto& output : program.outputs)
    run.outputs.push_back(values[output.value.node][output.value.result]);
  return run;
}

}  // namespace gnomon::exec::reference
