#include "exec/cpu/contraction.h"

#include <algorithm>
#include <map>

namespace gnomon::exec::cpu {
namespace {

bool is_type(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16; }

class Reading {
 public:
  explicit Reading(const ir::Program& body) : body_(body) {}

  std::optional<Contraction> read() {
    if (body_.outputs.size() != 1 || !types_fit() || !find_contraction()) return std::nullopt;
    auto at = contraction_;
    while (at != body_.outputs[0].value.node) {
      const auto& users = uses_[at];
      if (users.size() != 1 || !take(users[0], at)) return std::nullopt;
      at = users[0];
    }
    if (taken_ != body_.nodes.size() || !uses_[at].empty()) return std::nullopt;
    result_.result = body_.nodes[at].results[0].dtype;
    return result_;
  }

 private:
  bool types_fit() {
    return std::all_of(body_.nodes.begin(), body_.nodes.end(), [](const ir::Node& node) {
      return node.results.size() == 1 && is_type(node.results[0].dtype);
    });
  }

  // The only one; its operands are inputs of the region.
  bool find_contraction() {
    for (std::uint32_t i = 0; i < body_.nodes.size(); ++i) {
      const auto& node = body_.nodes[i];
      if (std::holds_alternative<ir::Input>(node.op)) {
        operand_of_.emplace(i, operand_of_.size());
        ++taken_;
      }
      if (!is_contraction(node.op)) continue;
      if (result_.node.inputs.size() == 2) return false;
      for (const auto value : node.inputs)
        if (!operand_of_.contains(value.node)) return false;
      result_.node = node;
      result_.lhs = operand_of_[node.inputs[0].node];
      result_.rhs = operand_of_[node.inputs[1].node];
      contraction_ = i;
      ++taken_;
    }
    return result_.node.inputs.size() == 2;
  }

  // Takes the node that follows `before` into the epilogue.
  bool take(std::uint32_t node, std::uint32_t before) {
    const auto& op = body_.nodes[node].op;
    ++taken_;
    if (std::holds_alternative<ir::Convert>(op)) return true;
    if (result_.relu || !is_forward()) return false;
    if (std::holds_alternative<ir::Relu>(op)) return result_.relu = true;
    return std::holds_alternative<ir::Add>(op) && !result_.bias && take_bias(node, before);
  }

  // oneDNN's gradient primitives have no epilogue.
  bool is_forward() const {
    return std::holds_alternative<ir::MatMul>(result_.node.op) ||
           std::holds_alternative<ir::Convolution>(result_.node.op);
  }

  bool take_bias(std::uint32_t add, std::uint32_t before) {
    const auto& inputs = body_.nodes[add].inputs;
    if (inputs[0].node == inputs[1].node) return false;
    const auto other = inputs[inputs[0].node == before ? 1 : 0].node;
    const auto* broadcast = std::get_if<ir::Broadcast>(&body_.nodes[other].op);
    if (broadcast == nullptr || uses_[other].size() != 1 || !spreads_a_bias(*broadcast))
      return false;
    const auto source = body_.nodes[other].inputs[0].node;
    if (!operand_of_.contains(source)) return false;
    result_.bias = operand_of_[source];
    ++taken_;
    return true;
  }

  bool spreads_a_bias(const ir::Broadcast& broadcast) const {
    const bool convolution = std::holds_alternative<ir::Convolution>(result_.node.op);
    const auto last = static_cast<std::int64_t>(broadcast.type.rank()) - 1;
    return broadcast.axes == std::vector<std::int64_t>{convolution ? 1 : last};
  }

  const ir::Program& body_;
  std::vector<std::vector<std::uint32_t>> uses_ = ir::uses_of(body_);
  std::map<std::uint32_t, std::size_t> operand_of_;
  std::uint32_t contraction_ = 0;
  std::size_t taken_ = 0;  // nodes accounted for
  Contraction result_;
};

}  // namespace

bool is_contraction(const ir::Op& op) {
  return std::holds_alternative<ir::MatMul>(op) || std::holds_alternative<ir::Convolution>(op) ||
         std::holds_alternative<ir::ConvolutionInputGradient>(op) ||
         std::holds_alternative<ir::ConvolutionWeightGradient>(op);
}

std::optional<Contraction> as_contraction(const ir::Program& body) { return Reading(body).read(); }

}  // namespace gnomon::exec::cpu
