#include "exec/executor.h"

#include "ir/op_info.h"

namespace gnomon::exec {
namespace {

ir::Type type_of(const Tensor& tensor) {
  return {tensor.dtype(), {tensor.shape().begin(), tensor.shape().end()}};
}

// What is bound already, of the symbols of this type: "b = 4".
std::string bound_symbols(const ir::Type& type, const ir::Binding& binding) {
  std::string text;
  for (const auto& dim : type.dims)
    if (const auto found = binding.find(dim.symbol); found != binding.end())
      text += fmt::format("{}{} = {}", text.empty() ? " with " : ", ", dim.symbol, found->second);
  return text;
}

void bind(const ir::Program& program, const ir::Input& input, const Tensor& given,
          ir::Binding& binding) {
  const ir::Binding before = binding;
  const ir::Type expected{input.type.dtype, ir::substitute(input.type.dims, before)};
  const auto mismatch = [&] {
    return InputError("{}: argument {} is {}, expected {}{}", program.name, input.argument,
                      ir::to_string(type_of(given)), ir::to_string(input.type),
                      bound_symbols(input.type, before));
  };
  if (given.dtype() != expected.dtype || given.shape().size() != expected.rank()) throw mismatch();
  for (std::size_t d = 0; d < expected.rank(); ++d) {
    const auto& dim = expected.dims[d];
    const auto extent = given.shape()[d];
    if (!dim.is_symbol()) {
      if (extent != dim.size) throw mismatch();
    } else if (extent > dim.size) {
      throw InputError("{}: argument {} is {}: {} = {} is above the program's bound of {}",
                       program.name, input.argument, ir::to_string(type_of(given)), dim.symbol,
                       extent, dim.size);
    } else if (const auto [entry, fresh] = binding.emplace(dim.symbol, extent);
               !fresh && entry->second != extent) {
      throw mismatch();
    }
  }
}

}  // namespace

ir::Binding bind_arguments(const ir::Program& program, std::span<const Tensor* const> inputs) {
  const auto nodes = ir::inputs_of(program);
  if (inputs.size() != nodes.size()) {
    std::vector<std::string> names;
    for (const auto node : nodes)
      names.push_back(std::get<ir::Input>(program.nodes[node].op).argument);
    throw InputError("{}: takes {} arguments ({}), got {}", program.name, nodes.size(),
                     fmt::join(names, ", "), inputs.size());
  }
  ir::Binding binding;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    bind(program, std::get<ir::Input>(program.nodes[nodes[i]].op), *inputs[i], binding);
  for (const auto& [symbol, bound] : ir::symbols_of(program))
    if (!binding.contains(symbol))
      throw InputError("{}: no argument binds the symbol {}", program.name, symbol);
  return binding;
}

void require_one_rank(const ir::Program& program) {
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const ir::Op& op = program.nodes[i].op;
    if (ir::ranks(op) > 1)
      throw EnvironmentError(
          "{}: %{} {}: group {} has {} ranks; this executor runs one and has no process group",
          program.name, i, ir::name(op), ir::group(op), ir::ranks(op));
  }
}

}  // namespace gnomon::exec
