#include "pass/layout.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "ir/op_info.h"
#include "ir/regions.h"
#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

using ir::Layout;
using ir::Program;
using ir::Value;

using StateLayouts = std::map<std::string, Layout, std::less<>>;

// Any layout serves, if it is one.
bool takes_any_layout(const ir::Op& op) {
  const auto* fused = std::get_if<ir::Fused>(&op);
  if (fused == nullptr) return ir::sweeps(op);
  const auto& nodes = fused->body.program().nodes;
  return std::all_of(nodes.begin(), nodes.end(), [](const ir::Node& node) {
    return ir::sweeps(node.op) || std::holds_alternative<ir::Input>(node.op) ||
           std::holds_alternative<ir::Full>(node.op) ||
           std::holds_alternative<ir::Broadcast>(node.op);
  });
}

bool is_row_major_only(const ir::Node& node) {
  return node.inputs.empty() || std::holds_alternative<ir::Reshape>(node.op) ||
         std::holds_alternative<ir::If>(node.op) || std::holds_alternative<ir::Repeat>(node.op);
}

// One walk over the program with the layouts of states given.
class Walk {
 public:
  Walk(const Program& program, const machine::Target& target, const StateLayouts& states)
      : source_(program), target_(target), states_(states), rewrite_(program) {}

  Program run() {
    for (std::size_t i = 0; i < source_.states.size(); ++i)
      if (const auto found = states_.find(source_.states[i].name); found != states_.end())
        rewrite_.state(i).layout = found->second;
    for (std::uint32_t i = 0; i < source_.nodes.size(); ++i) visit(i);
    for (const auto& output : source_.outputs) {
      label_ = source_.nodes[output.value.node].label;
      rewrite_.replace(output.value, in(rewrite_.at(output.value), {}));
    }
    return rewrite_.finish();
  }

  // What each state was first wanted in.
  const StateLayouts& wanted() const { return wanted_; }

 private:
  void visit(std::uint32_t index) {
    const ir::Node& node = source_.nodes[index];
    label_ = node.label;
    if (std::holds_alternative<ir::Reorder>(node.op))
      return rewrite_.replace({index, 0}, rewrite_.at(node.inputs[0]));
    if (const auto* read = std::get_if<ir::Read>(&node.op))
      return append(index, {{}, {layout_of_state(read->state)}});
    if (const auto* write = std::get_if<ir::Write>(&node.op))
      return append(index, {{layout_of_state(write->state)}, {}});
    if (is_row_major_only(node)) return append(index, row_major(node));

    const auto types = operand_types(source_, node);
    const bool follows = takes_any_layout(node.op);
    const auto current = follows ? agreed(node) : layouts_of(rewrite_.at(node.inputs));
    auto answer = target_.layouts(node, types, current).value_or(row_major(node));
    GNOMON_CHECK(answer.operands.size() == node.inputs.size() &&
                     answer.results.size() == node.results.size(),
                 "{}: %{} {}: the target {} laid out {} operands and {} results", source_.name,
                 index, ir::name(node.op), target_.name(), answer.operands.size(),
                 answer.results.size());
    if (!follows) note_wanted(node, answer);
    append(index, std::move(answer));
  }

  static machine::NodeLayouts row_major(const ir::Node& node) {
    return {std::vector<Layout>(node.inputs.size()), std::vector<Layout>(node.results.size())};
  }

  Layout layout_of_state(const std::string& name) const {
    const auto found = states_.find(name);
    return found == states_.end() ? Layout() : found->second;
  }

  std::vector<Layout> layouts_of(const std::vector<Value>& values) const {
    std::vector<Layout> layouts;
    for (const auto value : values) layouts.push_back(rewrite_.program().layout(value));
    return layouts;
  }

  // The operands' layouts after those of full size were brought to one.
  std::vector<Layout> agreed(const ir::Node& node) const {
    auto layouts = layouts_of(rewrite_.at(node.inputs));
    const ir::Dims& space = ir::iteration_space(node, source_);
    const auto is_full_size = [&](std::size_t i) {
      return source_.type(node.inputs[i]).dims == space;
    };
    const Layout* choice = nullptr;
    bool is_state = false;
    for (std::size_t i = 0; i < layouts.size(); ++i) {
      if (!is_full_size(i)) continue;
      const bool reads = std::holds_alternative<ir::Read>(source_.nodes[node.inputs[i].node].op);
      const bool better =
          choice == nullptr || (reads && !is_state) || (choice->is_row_major() && !is_state);
      if (better) choice = &layouts[i], is_state = reads;
    }
    if (choice == nullptr) return layouts;
    const Layout common = *choice;
    for (std::size_t i = 0; i < layouts.size(); ++i)
      if (is_full_size(i)) layouts[i] = common;
    return layouts;
  }

  void note_wanted(const ir::Node& node, const machine::NodeLayouts& answer) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      Value value = node.inputs[i];
      while (std::holds_alternative<ir::Convert>(source_.nodes[value.node].op))
        value = source_.nodes[value.node].inputs[0];
      if (const auto* read = std::get_if<ir::Read>(&source_.nodes[value.node].op))
        wanted_.emplace(read->state, answer.operands[i]);
    }
  }

  void append(std::uint32_t index, machine::NodeLayouts layouts) {
    const ir::Node& node = source_.nodes[index];
    std::vector<Value> inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      inputs.push_back(in(rewrite_.at(node.inputs[i]), layouts.operands[i]));
    const auto results = rewrite_.append(node.op, std::move(inputs), node.label);
    rewrite_.set_layouts(std::move(layouts.results));
    for (std::uint32_t r = 0; r < results.size(); ++r) rewrite_.replace({index, r}, results[r]);
  }

  // The value in a layout. Reorders start from the value's original, so none follows another.
  Value in(Value value, const Layout& wanted) {
    if (rewrite_.program().layout(value) == wanted) return value;
    const auto [entry, fresh] = reordered_.try_emplace({value, wanted.tag});
    if (fresh) {
      entry->second = rewrite_.append(ir::Reorder{}, {value}, label_)[0];
      rewrite_.set_layouts({wanted});
    }
    return entry->second;
  }

  const Program& source_;
  const machine::Target& target_;
  const StateLayouts& states_;
  Rewrite rewrite_;
  StateLayouts wanted_;
  std::map<std::pair<Value, std::string>, Value> reordered_;
  std::string label_;
};

// The parameter that a moment belongs to: the longest whose name with a dot begins the moment's.
const ir::State* parameter_of(const Program& program, const ir::State& moment) {
  for (auto dot = moment.name.rfind('.'); dot != std::string::npos && dot > 0;
       dot = moment.name.rfind('.', dot - 1)) {
    const auto* owner = program.state(moment.name.substr(0, dot));
    if (owner != nullptr && owner->role == ir::Role::parameter)
      return owner->type.dims == moment.type.dims ? owner : nullptr;
  }
  return nullptr;
}

StateLayouts declared_layouts(const Program& program) {
  StateLayouts layouts;
  for (const auto& state : program.states)
    if (!state.layout.is_row_major()) layouts[state.name] = state.layout;
  return layouts;
}

}  // namespace

Program layout(const Program& program, const machine::Target& target) {
  StateLayouts layouts = declared_layouts(program);
  Walk scout(program, target, layouts);
  scout.run();
  for (const auto& [state, wanted] : scout.wanted()) layouts.emplace(state, wanted);
  for (const auto& state : program.states) {
    if (state.role != ir::Role::moment) continue;
    const auto* owner = parameter_of(program, state);
    const auto found = owner == nullptr ? layouts.end() : layouts.find(owner->name);
    if (found != layouts.end()) layouts.emplace(state.name, found->second);
  }
  return Walk(program, target, layouts).run();
}

}  // namespace gnomon::pass
