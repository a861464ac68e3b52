#include "pass/rewrite.h"

#include "base/error.h"
#include "ir/op_info.h"

namespace gnomon::pass {

Rewrite::Rewrite(const ir::Program& source) : source_(source), values_(source.nodes.size()) {
  program_.name = source.name;
  program_.states = source.states;
  program_.nodes.reserve(source.nodes.size());
  for (std::size_t i = 0; i < source.nodes.size(); ++i)
    values_[i].resize(source.nodes[i].results.size());
}

ir::Value Rewrite::at(ir::Value old) const {
  const auto& value = values_[old.node][old.result];
  GNOMON_CHECK(value.has_value(), "{}: %{} is used but was left out", program_.name, old.node);
  return *value;
}

std::vector<ir::Value> Rewrite::at(const std::vector<ir::Value>& old) const {
  std::vector<ir::Value> values;
  for (const auto value : old) values.push_back(at(value));
  return values;
}

void Rewrite::replace(ir::Value old, ir::Value by) { values_[old.node][old.result] = by; }

std::vector<ir::Value> Rewrite::append(ir::Op op, std::vector<ir::Value> inputs,
                                       std::string label) {
  ir::Node node{std::move(op), std::move(inputs), {}, {}, std::move(label)};
  node.results = ir::infer(node.op, operand_types(program_, node));
  std::vector<ir::Value> values;
  for (std::uint32_t i = 0; i < node.results.size(); ++i)
    values.push_back({static_cast<std::uint32_t>(program_.nodes.size()), i});
  program_.nodes.push_back(std::move(node));
  return values;
}

void Rewrite::set_layouts(std::vector<ir::Layout> layouts) {
  bool row_major = true;
  for (const auto& layout : layouts) row_major = row_major && layout.is_row_major();
  program_.nodes.back().layouts = row_major ? std::vector<ir::Layout>{} : std::move(layouts);
}

void Rewrite::keep(std::uint32_t node) {
  const auto index = static_cast<std::uint32_t>(program_.nodes.size());
  ir::Node copy = source_.nodes[node];
  copy.inputs = at(copy.inputs);
  for (std::uint32_t i = 0; i < copy.results.size(); ++i) replace({node, i}, {index, i});
  program_.nodes.push_back(std::move(copy));
}

ir::Program Rewrite::finish() {
  for (const auto& output : source_.outputs)
    program_.outputs.push_back({output.name, at(output.value)});
  return std::move(program_);
}

std::vector<ir::Type> operand_types(const ir::Program& program, const ir::Node& node) {
  std::vector<ir::Type> types;
  for (const auto value : node.inputs) types.push_back(program.type(value));
  return types;
}

}  // namespace gnomon::pass
