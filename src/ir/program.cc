#include "ir/program.h"

#include <algorithm>

#include "base/hash.h"
#include "ir/op_info.h"

namespace gnomon::ir {

Blob::Blob(Tensor tensor) {
  const std::string header =
      fmt::format("{}{}", gnomon::name(tensor.dtype()), gnomon::to_string(tensor.shape()));
  hash_ = hash128(header + hash128(std::span(tensor.data(), tensor.bytes())));
  tensor_ = std::make_shared<const Tensor>(std::move(tensor));
}

Region::Region() : Region(Program{}) {}
Region::Region(Program program) : program_(std::make_shared<const Program>(std::move(program))) {}
bool Region::operator==(const Region& other) const {
  return program_ == other.program_ || *program_ == *other.program_;
}

const Layout& Program::layout(Value value) const {
  static const Layout row_major;
  const auto& layouts = nodes[value.node].layouts;
  return layouts.empty() ? row_major : layouts[value.result];
}

const State* Program::state(std::string_view state_name) const {
  const auto found = std::find_if(states.begin(), states.end(),
                                  [&](const State& s) { return s.name == state_name; });
  return found == states.end() ? nullptr : &*found;
}

bool is_view(const Program& program, const Node& node) {
  if (std::holds_alternative<Reshape>(node.op)) return true;
  const auto* transpose = std::get_if<Transpose>(&node.op);
  if (transpose == nullptr) return false;
  const Layout result = node.layouts.empty() ? Layout() : node.layouts[0];
  return result == transposed(program.layout(node.inputs[0]), transpose->permutation);
}

std::vector<std::uint32_t> inputs_of(const Program& program) {
  std::vector<std::uint32_t> inputs;
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    if (std::holds_alternative<Input>(program.nodes[i].op)) inputs.push_back(i);
  return inputs;
}

std::map<std::string, std::int64_t> symbols_of(const Program& program) {
  std::map<std::string, std::int64_t> symbols;
  for (const auto& node : program.nodes)
    for (const auto& type : node.results)
      for (const auto& dim : type.dims)
        if (dim.is_symbol()) symbols.emplace(dim.symbol, dim.size);
  return symbols;
}

std::vector<std::vector<std::uint32_t>> uses_of(const Program& program) {
  std::vector<std::vector<std::uint32_t>> uses(program.nodes.size());
  for (std::uint32_t i = 0; i < program.nodes.size(); ++i)
    for (const auto value : program.nodes[i].inputs)
      if (uses[value.node].empty() || uses[value.node].back() != i) uses[value.node].push_back(i);
  return uses;
}

std::string_view name(Role role) {
  switch (role) {
    case Role::parameter:
      return "parameter";
    case Role::moment:
      return "moment";
    case Role::statistic:
      return "statistic";
  }
  return "?";
}

std::string_view name(Initial::Kind kind) {
  switch (kind) {
    case Initial::Kind::constant:
      return "constant";
    case Initial::Kind::uniform:
      return "uniform";
    case Initial::Kind::normal:
      return "normal";
  }
  return "?";
}

}  // namespace gnomon::ir
