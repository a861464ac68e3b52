#include <fmt/format.h>

#include "ir/op_info.h"
#include "ir/text.h"

namespace gnomon::ir {
namespace {

constexpr std::int64_t largest_written_out = 16;

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n')
      result += "\\n";
    else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + '"';
}

class Printer {
 public:
  std::string print(const Program& program, int depth) {
    const std::string margin(static_cast<std::size_t>(depth) * 2, ' ');
    std::string text = fmt::format("program {} {{\n", quoted(program.name));
    for (const auto& [symbol, bound] : symbols_of(program))
      text += fmt::format("{}  dim {} <= {}\n", margin, symbol, bound);
    for (const auto& state : program.states)
      text += fmt::format("{}  {} {} : {}{} = {}({})\n", margin, name(state.role),
                          quoted(state.name), to_string(state.type), layout(state.layout),
                          name(state.initial.kind), state.initial.scale);
    std::vector<std::uint32_t> first;
    std::uint32_t next = 0;
    const auto number = [&](Value value) {
      return fmt::format("%{}", first[value.node] + value.result);
    };
    for (const auto& node : program.nodes) {
      first.push_back(next);
      text += margin + "  ";
      for (std::uint32_t i = 0; i < node.results.size(); ++i)
        text += fmt::format("{}%{}", i ? ", " : "", next++);
      text += node.results.empty() ? "" : " = ";
      text += name(node.op);
      std::string operands;
      for (const auto value : node.inputs)
        operands += (operands.empty() ? "" : ", ") + number(value);
      if (!operands.empty()) text += "(" + operands + ")";
      if (const auto list = attributes(node.op, depth); !list.empty()) text += " " + list;
      for (std::size_t i = 0; i < node.results.size(); ++i)
        text += (i ? ", " : " : ") + to_string(node.results[i]) +
                (node.layouts.empty() ? "" : layout(node.layouts[i]));
      if (!node.label.empty()) text += " " + quoted(node.label);
      text += "\n";
    }
    for (const auto& output : program.outputs)
      text +=
          fmt::format("{}  output {} = {}\n", margin, quoted(output.name), number(output.value));
    return text + margin + "}";
  }

  std::string attributes(const Op& op, int depth) {
    std::string text;
    std::visit(
        [&](const auto& o) {
          for_each_attribute(o, [&](std::string_view attribute, const auto& value) {
            text +=
                fmt::format("{}{} = {}", text.empty() ? "" : ", ", attribute, write(value, depth));
          });
        },
        op);
    return text.empty() ? "" : "{" + text + "}";
  }

 private:
  static std::string layout(const Layout& layout) {
    return layout.is_row_major() ? "" : "@" + layout.tag;
  }

  std::string write(std::int64_t value, int) { return fmt::format("{}", value); }
  std::string write(double value, int) { return fmt::format("{}", value); }
  std::string write(bool value, int) { return value ? "true" : "false"; }
  std::string write(Reduction value, int) { return std::string(name(value)); }
  std::string write(DType value, int) { return std::string(gnomon::name(value)); }
  std::string write(const std::string& value, int) { return quoted(value); }
  std::string write(const std::vector<std::int64_t>& value, int) {
    return fmt::format("[{}]", fmt::join(value, ", "));
  }
  std::string write(const Region& region, int depth) { return print(region.program(), depth + 1); }
  std::string write(const Blob& blob, int) {
    const Tensor& tensor = blob.tensor();
    if (tensor.count() > largest_written_out) return "blob " + quoted(blob.hash());
    const Tensor exact = convert(tensor, is_float(tensor.dtype()) ? DType::f64 : DType::i64);
    std::string values;
    for (std::int64_t i = 0; i < exact.count(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      values += i ? ", " : "";
      values += is_float(tensor.dtype()) ? fmt::format("{}", exact.span<double>()[at])
                                         : fmt::format("{}", exact.span<std::int64_t>()[at]);
    }
    return fmt::format("{}{}({})", gnomon::name(tensor.dtype()), gnomon::to_string(tensor.shape()),
                       values);
  }
};

}  // namespace

std::string print(const Program& program) { return Printer().print(program, 0) + "\n"; }

std::string print_attributes(const Op& op) { return Printer().attributes(op, 0); }

std::string dot(const Program& program) {
  std::string text = fmt::format("digraph {} {{\n  node [shape=box, fontname=\"sans-serif\"];\n",
                                 quoted(program.name));
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    std::string label(name(node.op));
    if (const auto* read = std::get_if<Read>(&node.op)) label += " " + read->state;
    if (const auto* write = std::get_if<Write>(&node.op)) label += " " + write->state;
    if (const auto* input = std::get_if<Input>(&node.op)) label += " " + input->argument;
    if (!node.label.empty()) label += "\n" + node.label;
    text += fmt::format("  n{} [label={}];\n", i, quoted(label));
    for (const auto value : node.inputs)
      text += fmt::format("  n{} -> n{} [label={}];\n", value.node, i,
                          quoted(to_string(program.type(value))));
  }
  for (std::size_t i = 0; i < program.outputs.size(); ++i)
    text += fmt::format("  o{} [label={}, shape=ellipse];\n  n{} -> o{};\n", i,
                        quoted(program.outputs[i].name), program.outputs[i].value.node, i);
  return text + "}\n";
}

}  // namespace gnomon::ir
