#pragma once

// The rules of simplify, without the sweep that applies them.

#include <optional>
#include <string_view>
#include <vector>

#include "ir/program.h"

namespace gnomon::pass {

// What a rule sees: the simplified program so far, and a way to add to it.
class Simplifier {
 public:
  virtual ~Simplifier() = default;
  virtual const ir::Program& program() const = 0;
  // The value of a node of one result, itself simplified.
  virtual ir::Value emit(ir::Op op, std::vector<ir::Value> inputs) = 0;
  // The value of such a node, if the program has one.
  virtual std::optional<ir::Value> known(const ir::Op& op,
                                         const std::vector<ir::Value>& inputs) const = 0;

  const ir::Type& type(ir::Value value) const { return program().type(value); }

  // The operator that produces a value, if it is an O; nullptr otherwise.
  template <typename O>
  const O* made_by(ir::Value value) const {
    return std::get_if<O>(&program().nodes[value.node].op);
  }
  // Operand `index` of the node that produces a value.
  ir::Value operand_of(ir::Value value, std::size_t index = 0) const {
    return program().nodes[value.node].inputs[index];
  }
};

// The simpler value that the first matching rule finds for a node about to be added.
std::optional<ir::Value> apply_rules(Simplifier& s, const ir::Op& op,
                                     const std::vector<ir::Value>& inputs);

}  // namespace gnomon::pass
