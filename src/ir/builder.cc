#include "ir/builder.h"

#include "base/error.h"
#include "ir/op_info.h"
#include "ir/verify.h"

namespace gnomon::ir {

Builder::Builder(std::string name) { program_.name = std::move(name); }

Builder Builder::extend(Program program) {
  Builder builder(program.name);
  builder.program_ = std::move(program);
  builder.program_.outputs.clear();
  for (std::uint32_t i = 0; i < builder.program_.nodes.size(); ++i) builder.remember(i);
  return builder;
}

void Builder::remember(std::uint32_t node) {
  const Node& made = program_.nodes[node];
  if (const auto* read = std::get_if<Read>(&made.op)) reads_[read->state] = {node, 0};
  if (const auto of = group(made.op); !of.empty())
    tokens_[std::string(of)] = {node, static_cast<std::uint32_t>(made.results.size() - 1)};
}

std::vector<Value> Builder::append(Op op, std::vector<Value> inputs) {
  std::vector<Type> types;
  for (const auto value : inputs) types.push_back(type(value));
  auto results = infer(op, types);
  const auto node = static_cast<std::uint32_t>(program_.nodes.size());
  std::vector<Value> values;
  for (std::uint32_t i = 0; i < results.size(); ++i) values.push_back({node, i});
  program_.nodes.push_back({std::move(op), std::move(inputs), std::move(results), {}, label_});
  remember(node);
  return values;
}

Value Builder::input(std::string name, Type type) {
  return (*this)(Input{std::move(name), std::move(type)}, {});
}

Value Builder::parameter(std::string name, Type type, Initial initial) {
  return state({std::move(name), std::move(type), Role::parameter, initial, {}});
}

Value Builder::state(State state) {
  if (program_.state(state.name) != nullptr)
    throw InputError("state {}: declared twice", state.name);
  const std::string name = state.name;
  program_.states.push_back(std::move(state));
  return read(name);
}

Value Builder::read(const std::string& state) {
  const auto found = reads_.find(state);
  if (found != reads_.end()) return found->second;
  const State* declared = program_.state(state);
  if (declared == nullptr) throw InputError("state {}: not declared", state);
  return (*this)(Read{state, declared->type}, {});
}

Value Builder::token(const std::string& group) {
  const auto found = tokens_.find(group);
  return found != tokens_.end() ? found->second : (*this)(Token{group}, {});
}

void Builder::write(const std::string& state, Value value) { append(Write{state}, {value}); }

void Builder::output(std::string name, Value value) {
  program_.outputs.push_back({std::move(name), value});
}

Value Builder::full_like(Value like, double value) { return (*this)(Full{value, type(like)}, {}); }

Value Builder::broadcast_like(Value scalar, Value like) {
  return (*this)(Broadcast{{}, {type(scalar).dtype, type(like).dims}}, {scalar});
}

Program Builder::finish() {
  verify(program_);
  return std::move(program_);
}

}  // namespace gnomon::ir
