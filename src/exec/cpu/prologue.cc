#include "exec/cpu/prologue.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

bool is_source(const ir::Op& op) {
  return ir::is_constant(op) || std::holds_alternative<ir::Read>(op);
}

enum class Kind {
  varying,   // differs from run to run
  source,    // constant, and there without being computed
  computed,  // constant, computed from sources
};

std::vector<Kind> kinds(const ir::Program& program) {
  const auto use = state_use(program);
  const auto is_written = [&](const ir::Op& op) {
    const auto* read = std::get_if<ir::Read>(&op);
    return read != nullptr &&
           std::find(use.written.begin(), use.written.end(), read->state) != use.written.end();
  };
  std::vector<Kind> kinds;
  for (const auto& node : program.nodes) {
    if (is_source(node.op)) {
      kinds.push_back(is_written(node.op) ? Kind::varying : Kind::source);
      continue;
    }
    const bool constant = !node.inputs.empty() && !ir::has_effect(node.op) &&
                          std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::Value value) {
                            return kinds[value.node] != Kind::varying;
                          });
    const bool renames = ir::is_view(program, node);
    if (!constant)
      kinds.push_back(Kind::varying);
    else
      kinds.push_back(renames ? kinds[node.inputs[0].node] : Kind::computed);
  }
  return kinds;
}

// Appends copies of nodes to a program, their operands renamed.
class Copying {
 public:
  explicit Copying(ir::Program& to) : to_(to) {}

  void copy(const ir::Program& from, std::uint32_t index) {
    ir::Node node = from.nodes[index];
    for (auto& value : node.inputs) value = name_.at(value);
    const auto at = static_cast<std::uint32_t>(to_.nodes.size());
    for (std::uint32_t r = 0; r < node.results.size(); ++r) name_[{index, r}] = {at, r};
    to_.nodes.push_back(std::move(node));
  }

  // Makes `value` an argument.
  void take(const ir::Program& from, ir::Value value) {
    const auto& type = from.type(value);
    name_[value] = {static_cast<std::uint32_t>(to_.nodes.size()), 0};
    to_.nodes.push_back({ir::Input{fmt::format("prologue.{}.{}", value.node, value.result), type},
                         {},
                         {type},
                         {from.layout(value)},
                         from.nodes[value.node].label});
  }

  ir::Value at(ir::Value value) const { return name_.at(value); }

 private:
  ir::Program& to_;
  std::map<ir::Value, ir::Value> name_;
};

}  // namespace

StateUse state_use(const ir::Program& program) {
  std::set<std::string> read, written;
  for (const auto& node : program.nodes) {
    if (const auto* r = std::get_if<ir::Read>(&node.op)) read.insert(r->state);
    if (const auto* w = std::get_if<ir::Write>(&node.op)) written.insert(w->state);
  }
  StateUse use{{written.begin(), written.end()}, {}};
  std::set_difference(read.begin(), read.end(), written.begin(), written.end(),
                      std::back_inserter(use.only_read));
  return use;
}

Split split_prologue(const ir::Program& program) {
  const auto kind = kinds(program);
  Split split;
  split.prologue.name = split.body.name = program.name;
  split.prologue.states = split.body.states = program.states;
  Copying prologue(split.prologue), body(split.body);

  std::set<ir::Value> crossing;  // computed in the prologue, needed behind it
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    if (kind[i] == Kind::varying)
      for (const auto value : program.nodes[i].inputs)
        if (kind[value.node] == Kind::computed) crossing.insert(value);
  for (const auto& output : program.outputs)
    if (kind[output.value.node] == Kind::computed) crossing.insert(output.value);

  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    if (std::holds_alternative<ir::Input>(program.nodes[i].op)) body.copy(program, i);
  for (const auto value : crossing) body.take(program, value);
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
    if (kind[i] != Kind::varying) prologue.copy(program, i);
    if (kind[i] != Kind::computed && !std::holds_alternative<ir::Input>(program.nodes[i].op))
      body.copy(program, i);
  }
  for (const auto value : crossing)
    split.prologue.outputs.push_back(
        {fmt::format("prologue.{}.{}", value.node, value.result), prologue.at(value)});
  for (const auto& output : program.outputs)
    split.body.outputs.push_back({output.name, body.at(output.value)});
  return split;
}

}  // namespace gnomon::exec::cpu
