#pragma once

// What tests ask of a program's structure.

#include <string>
#include <string_view>
#include <vector>

#include "ir/op_info.h"
#include "ir/program.h"

namespace gnomon::test {

// The operators of a program in order, without inputs and reads: "matmul add relu".
inline std::string operators(const ir::Program& program) {
  std::string text;
  for (const auto& node : program.nodes)
    if (!std::holds_alternative<ir::Input>(node.op) && !std::holds_alternative<ir::Read>(node.op))
      text += (text.empty() ? "" : " ") + std::string(ir::name(node.op));
  return text;
}

inline int count(const ir::Program& program, std::string_view op) {
  int n = 0;
  for (const auto& node : program.nodes) n += ir::name(node.op) == op;
  return n;
}

inline const ir::Output* output(const ir::Program& program, std::string_view name) {
  for (const auto& output : program.outputs)
    if (output.name == name) return &output;
  return nullptr;
}

inline const ir::Node& producer(const ir::Program& program, std::string_view name) {
  return program.nodes[output(program, name)->value.node];
}

}  // namespace gnomon::test
