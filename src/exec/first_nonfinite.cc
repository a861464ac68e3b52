#include "exec/first_nonfinite.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::exec {
namespace {

using ir::Value;

class Search {
 public:
  Search(const ir::Program& program, Executor& executor, std::span<const Tensor* const> arguments,
         const std::map<std::string, Tensor>& states, Bytes memory)
      : program_(ir::specialise(program, bind_arguments(program, arguments))),
        executor_(executor),
        arguments_(arguments),
        states_(states),
        memory_(memory) {}

  std::optional<Isolated> run() {
    if (auto source = bad_source()) return source;
    const auto count = static_cast<std::uint32_t>(program_.nodes.size());
    for (std::uint32_t begin = 0; begin < count;) {
      std::vector<Value> looked_at;
      const std::uint32_t end = enough(begin, looked_at);
      const auto values = evaluate(looked_at);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (count_nonfinite(values[i]) > 0) return isolate(looked_at[i].node);
      begin = end;
    }
    return std::nullopt;
  }

 private:
  std::optional<Isolated> bad_source() const {
    for (const auto& [name, value] : states_)
      if (count_nonfinite(value) > 0) return Isolated{"state " + name, ir::Program(), {value}};
    const auto inputs = ir::inputs_of(program_);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (count_nonfinite(*arguments_[i]) > 0)
        return Isolated{"argument " + std::get<ir::Input>(program_.nodes[inputs[i]].op).argument,
                        ir::Program(),
                        {*arguments_[i]}};
    return std::nullopt;
  }

  // Results from `begin` on that together fit the memory, at least those of one node.
  std::uint32_t enough(std::uint32_t begin, std::vector<Value>& values) const {
    Bytes bytes;
    auto node = begin;
    for (; node < program_.nodes.size() && (bytes <= memory_ || values.empty()); ++node)
      for (std::uint32_t r = 0; r < program_.nodes[node].results.size(); ++r)
        if (is_float(program_.nodes[node].results[r].dtype)) {
          values.push_back({node, r});
          bytes += ir::bound_bytes(program_.nodes[node].results[r]);
        }
    return node;
  }

  std::vector<Tensor> evaluate(const std::vector<Value>& values) const {
    ir::Program shown = program_;
    shown.outputs.clear();
    for (std::size_t i = 0; i < values.size(); ++i)  // which may hold one value twice
      shown.outputs.push_back({fmt::format("value{}", i), values[i]});
    States states(shown, 0);
    for (const auto& [name, value] : states_)
      if (states.contains(name)) states.set(name, value);
    std::vector<Tensor> results;
    executor_.compile(shown)->run(arguments_, states, results);
    return results;
  }

  Isolated isolate(std::uint32_t index) const {
    const ir::Node& node = program_.nodes[index];
    Isolated found;
    found.what = fmt::format("%{} {}{}", index, ir::name(node.op),
                             node.label.empty() ? "" : fmt::format(" \"{}\"", node.label));
    found.arguments = evaluate(node.inputs);
    ir::Builder b(program_.name);
    b.label(node.label);
    std::vector<Value> operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      operands.push_back(b.input(fmt::format("operand{}", i), program_.type(node.inputs[i])));
    const auto results = b.append(node.op, operands);
    for (std::size_t r = 0; r < results.size(); ++r)
      b.output(fmt::format("result{}", r), results[r]);
    found.program = b.finish();
    return found;
  }

  const ir::Program program_;
  Executor& executor_;
  std::span<const Tensor* const> arguments_;
  const std::map<std::string, Tensor>& states_;
  Bytes memory_;
};

}  // namespace

std::int64_t count_nonfinite(const Tensor& tensor) {
  if (!is_float(tensor.dtype())) return 0;
  const auto count = [](auto values) {
    return std::count_if(values.begin(), values.end(),
                         [](auto value) { return !std::isfinite(value); });
  };
  if (tensor.dtype() == DType::f32) return count(tensor.span<float>());
  const Tensor wide = convert(tensor, DType::f64);
  return count(wide.span<double>());
}

std::optional<Isolated> first_nonfinite(const ir::Program& program, Executor& executor,
                                        std::span<const Tensor* const> arguments,
                                        const std::map<std::string, Tensor>& states, Bytes memory) {
  return Search(program, executor, arguments, states, memory).run();
}

}  // namespace gnomon::exec
