#include "pass/gradient.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/nearest.h"
#include "ir/builder.h"
#include "ir/op_info.h"
#include "pass/dead_code.h"

namespace gnomon::pass {
namespace {

using ir::Program;
using ir::Value;

bool is_trained(const ir::State& state) {
  return state.role == ir::Role::parameter && is_float(state.type.dtype);
}

Value find_loss(const Program& program, std::string_view loss) {
  std::vector<std::string> names;
  for (const auto& output : program.outputs) {
    names.push_back(output.name);
    if (output.name != loss) continue;
    const ir::Type& type = program.type(output.value);
    if (!is_float(type.dtype) || type.rank() != 0)
      throw InputError("{}: output {} is {}; a loss is a floating-point scalar", program.name, loss,
                       ir::to_string(type));
    return output.value;
  }
  throw InputError("{}: there is no output {}; {}", program.name, loss, suggest(loss, names));
}

// Which nodes have a parameter's value flowing through them. None flows through integers and
// tokens; what is received may come from another rank's parameters.
std::vector<bool> depends_on_parameters(const Program& program) {
  std::set<std::string, std::less<>> trained;
  for (const auto& state : program.states)
    if (is_trained(state)) trained.insert(state.name);
  std::vector<bool> depends(program.nodes.size(), false);
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const ir::Node& node = program.nodes[i];
    const auto* read = std::get_if<ir::Read>(&node.op);
    depends[i] = (read != nullptr && trained.contains(read->state)) ||
                 std::holds_alternative<ir::Recv>(node.op) ||
                 std::any_of(node.inputs.begin(), node.inputs.end(), [&](Value input) {
                   return depends[input.node] && is_float(program.type(input).dtype);
                 });
  }
  return depends;
}

class Backward {
 public:
  explicit Backward(const Program& forward)
      : forward_(forward),
        depends_(depends_on_parameters(forward)),
        build_(ir::Builder::extend(forward)) {
    for (std::uint32_t i = 0; i < forward.nodes.size(); ++i)
      if (const auto* read = std::get_if<ir::Read>(&forward.nodes[i].op))
        reads_[read->state] = {i, 0};
  }

  Program run(Value loss) {
    label(forward_.nodes[loss.node]);
    gradients_[loss] = build_.full_like(loss, 1);
    for (auto i = static_cast<std::uint32_t>(forward_.nodes.size()); i-- > 0;)
      if (depends_[i] && !forward_.nodes[i].inputs.empty()) differentiate(i);
    for (const auto& output : forward_.outputs) build_.output(output.name, output.value);
    for (const auto& state : forward_.states)
      if (is_trained(state)) build_.output(gradient_output(state.name), of_state(state));
    return remove_dead_code(build_.finish());
  }

 private:
  void label(const ir::Node& node) { build_.label(node.label.empty() ? "" : node.label + "'"); }

  void differentiate(std::uint32_t index) {
    const ir::Node& node = forward_.nodes[index];
    std::vector<Value> outputs, gradients;
    bool any = std::holds_alternative<ir::Send>(node.op);  // another rank may need it
    for (std::uint32_t r = 0; r < node.results.size(); ++r) {
      outputs.push_back({index, r});
      any = any || gradients_.contains(outputs.back());
    }
    if (!any) return;
    label(node);
    for (const auto output : outputs) {
      const auto found = gradients_.find(output);
      gradients.push_back(found != gradients_.end() ? found->second : zeros_like(output));
    }
    const auto result = ir::gradient(node.op, {build_, node.inputs, outputs, gradients});
    if (const auto* no = std::get_if<ir::NotDifferentiable>(&result))
      throw InputError("{}: %{} {}{}: cannot be differentiated: {}", forward_.name, index,
                       ir::name(node.op),
                       node.label.empty() ? "" : fmt::format(" ({})", node.label), no->why);
    const auto& contributions = std::get<ir::Gradients>(result);
    for (std::size_t i = 0; i < contributions.size(); ++i)
      if (contributions[i] && depends_[node.inputs[i].node])
        accumulate(node.inputs[i], *contributions[i]);
  }

  Value zeros_like(Value output) {
    return ir::is_token(forward_.type(output)) ? output : build_.full_like(output, 0);
  }

  void accumulate(Value value, Value contribution) {
    const auto [entry, first] = gradients_.try_emplace(value, contribution);
    if (!first) entry->second = build_(ir::Add{}, {entry->second, contribution});
  }

  Value of_state(const ir::State& state) {
    const auto found = reads_.find(state.name);
    if (found != reads_.end()) {
      const auto gradient = gradients_.find(found->second);
      if (gradient != gradients_.end()) return gradient->second;
    }
    build_.label(state.name + "'");
    return build_(ir::Full{0, state.type}, {});
  }

  const Program& forward_;
  const std::vector<bool> depends_;
  ir::Builder build_;
  std::map<std::string, Value> reads_;
  std::map<Value, Value> gradients_;  // of values of the forward program
};

}  // namespace

std::string gradient_output(std::string_view parameter) {
  return fmt::format("gradient/{}", parameter);
}

Program gradient(const Program& forward, std::string_view loss) {
  return Backward(forward).run(find_loss(forward, loss));
}

}  // namespace gnomon::pass
