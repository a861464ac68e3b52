#pragma once

// The half that most passes share: a new program made from an old one node by node, and the record
// of which new value stands for which old one.

#include <optional>
#include <string>
#include <vector>

#include "ir/program.h"

namespace gnomon::pass {

class Rewrite {
 public:
  // Starts with the name and states of `source`, without nodes. `source` must outlive this.
  explicit Rewrite(const ir::Program& source);

  const ir::Program& source() const { return source_; }
  const ir::Program& program() const { return program_; }

  // The new value that stands for an old one; InternalError if its node was left out.
  ir::Value at(ir::Value old) const;
  std::vector<ir::Value> at(const std::vector<ir::Value>& old) const;
  void replace(ir::Value old, ir::Value by);

  // Appends a node on new operands; result types are inferred.
  std::vector<ir::Value> append(ir::Op op, std::vector<ir::Value> inputs, std::string label);
  // Lays out the results of the node appended last.
  void set_layouts(std::vector<ir::Layout> layouts);
  // Appends an old node, unchanged but for its operands, and records its results.
  void keep(std::uint32_t node);

  ir::State& state(std::size_t index) { return program_.states[index]; }

  // Outputs are those of the source.
  ir::Program finish();

 private:
  const ir::Program& source_;
  ir::Program program_;
  std::vector<std::vector<std::optional<ir::Value>>> values_;  // [old node][result]
};

// The types of a node's operands.
std::vector<ir::Type> operand_types(const ir::Program& program, const ir::Node& node);

}  // namespace gnomon::pass
