#include "pass/mixed_precision.h"

#include <algorithm>
#include <map>

#include "ir/op_info.h"
#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

using ir::Value;

struct Row {
  std::string_view op;
  Precision precision;
};

// Operators not listed are wide, and so are updates.
constexpr Row table[] = {
    {"matmul", Precision::narrow},
    {"convolution", Precision::narrow},
    {"convolution_input_gradient", Precision::narrow},
    {"convolution_weight_gradient", Precision::narrow},

    {"negate", Precision::follow},
    {"relu", Precision::follow},
    {"step", Precision::follow},
    {"add", Precision::follow},
    {"multiply", Precision::follow},
    {"maximum", Precision::follow},
    {"broadcast", Precision::follow},
    {"reshape", Precision::follow},
    {"transpose", Precision::follow},
    {"max", Precision::follow},
    {"max_pool", Precision::follow},
    {"max_pool_gradient", Precision::follow},

    {"input", Precision::any},
    {"read", Precision::any},
    {"constant", Precision::any},
    {"full", Precision::any},
    {"iota", Precision::any},
    {"random_uniform", Precision::any},
    {"arg_max", Precision::any},
};

// The nodes that lead to a state write and not through a contraction: updates of parameters and
// statistics, in which small steps must not be rounded away.
std::vector<bool> updates_of(const ir::Program& program) {
  std::vector<bool> writes(program.nodes.size(), false), contracts(program.nodes.size(), false);
  for (auto i = program.nodes.size(); i-- > 0;) {
    const ir::Node& node = program.nodes[i];
    const bool writes_here = writes[i] || std::holds_alternative<ir::Write>(node.op);
    const bool contracts_here = contracts[i] || precision_of(node.op) == Precision::narrow;
    for (const auto value : node.inputs) {
      if (ir::is_token(program.type(value))) continue;  // comes before, but is no part of it
      writes[value.node] = writes[value.node] || writes_here;
      contracts[value.node] = contracts[value.node] || contracts_here;
    }
  }
  for (std::size_t i = 0; i < writes.size(); ++i) writes[i] = writes[i] && !contracts[i];
  return writes;
}

class Narrowing {
 public:
  explicit Narrowing(const ir::Program& source)
      : source_(source), updates_(updates_of(source)), rewrite_(source) {}

  ir::Program run() {
    for (std::uint32_t i = 0; i < source_.nodes.size(); ++i) rewrite(i);
    for (const auto& output : source_.outputs) {
      label_ = source_.nodes[output.value.node].label;
      rewrite_.replace(output.value, as(rewrite_.at(output.value), source_.type(output.value)));
    }
    return rewrite_.finish();
  }

 private:
  void rewrite(std::uint32_t index) {
    const ir::Node& node = source_.nodes[index];
    label_ = node.label;
    const Precision precision = precision_of(node.op);
    if (precision == Precision::any) return keep(index, rewrite_.at(node.inputs));
    if (precision == Precision::narrow ||
        (precision == Precision::follow && !updates_[index] && follows_bf16(node)))
      return narrow(index);
    std::vector<Value> inputs;
    for (const auto old : node.inputs) inputs.push_back(as(rewrite_.at(old), source_.type(old)));
    keep(index, std::move(inputs));
  }

  void keep(std::uint32_t index, std::vector<Value> inputs) {
    const ir::Node& node = source_.nodes[index];
    const auto results = rewrite_.append(node.op, std::move(inputs), node.label);
    for (std::uint32_t r = 0; r < results.size(); ++r) rewrite_.replace({index, r}, results[r]);
  }

  void narrow(std::uint32_t index) {
    const ir::Node& node = source_.nodes[index];
    std::vector<Value> inputs;
    for (const auto old : node.inputs)
      inputs.push_back(as(rewrite_.at(old), narrowed(source_.type(old))));
    ir::Op op = node.op;
    std::visit(
        [](auto& o) {
          if constexpr (requires { o.type; }) o.type = narrowed(o.type);
        },
        op);
    rewrite_.replace({index, 0}, rewrite_.append(std::move(op), std::move(inputs), node.label)[0]);
  }

  static ir::Type narrowed(ir::Type type) {
    if (type.dtype == DType::f32) type.dtype = DType::bf16;
    return type;
  }

  bool follows_bf16(const ir::Node& node) const {
    bool any = false;
    for (const auto old : node.inputs) {
      const Value value = rewrite_.at(old);
      const bool is_bf16 = type(value).dtype == DType::bf16;
      if (!is_bf16 && !adapts(value)) return false;
      any = any || (is_bf16 && source_.type(old).dtype == DType::f32);
    }
    return any;
  }

  bool adapts(Value value) const {
    const ir::Op& op = node(value).op;
    return std::holds_alternative<ir::Full>(op) || std::holds_alternative<ir::Broadcast>(op);
  }

  const ir::Node& node(Value value) const { return rewrite_.program().nodes[value.node]; }
  const ir::Type& type(Value value) const { return rewrite_.program().type(value); }

  // The value in the element type of `wanted`; each conversion is made once.
  Value as(Value value, const ir::Type& wanted) {
    if (type(value).dtype == wanted.dtype) return value;
    const auto known = converted_.find({value, wanted.dtype});
    if (known != converted_.end()) return known->second;
    const Value result = convert(value, wanted.dtype);
    converted_[{value, wanted.dtype}] = result;
    return result;
  }

  // A broadcast is converted before it grows.
  Value convert(Value value, DType dtype) {
    if (const auto* broadcast = std::get_if<ir::Broadcast>(&node(value).op)) {
      ir::Broadcast op = *broadcast;
      op.type.dtype = dtype;
      const Value operand = node(value).inputs[0];
      const Value small = as(operand, {dtype, {}});
      return rewrite_.append(op, {small}, label_)[0];
    }
    return rewrite_.append(ir::Convert{dtype}, {value}, label_)[0];
  }

  const ir::Program& source_;
  const std::vector<bool> updates_;
  Rewrite rewrite_;
  std::map<std::pair<Value, DType>, Value> converted_;
  std::string label_;
};

}  // namespace

Precision precision_of(const ir::Op& op) {
  const auto* row = std::find_if(std::begin(table), std::end(table),
                                 [&](const Row& r) { return r.op == ir::name(op); });
  return row == std::end(table) ? Precision::wide : row->precision;
}

ir::Program mixed_precision(const ir::Program& program) { return Narrowing(program).run(); }

}  // namespace gnomon::pass
