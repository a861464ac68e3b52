#pragma once

// A Program: the only description of computation. A typed, static-single-assignment tensor graph
// with named states. Programs are values: nodes are immutable once appended, equality is deep,
// passes take one and return another.
//
// A run is `outputs = run(program, inputs, states)`. A state (parameter, moment, statistic) is a
// named slot read at most once and written at most once per run; all writes commit together at the
// end of the run, so every read sees the old value. A run that fails part-way may have destroyed
// old values in place: it poisons its states until they are restored from a snapshot.
//
// Thread rules: a Program may be read by many threads; it is changed only by the Builder that makes
// it.

#include <optional>
#include <string>
#include <vector>

#include "ir/layout.h"
#include "ir/ops.h"
#include "ir/type.h"

namespace gnomon::ir {

struct Node {
  Op op;
  std::vector<Value> inputs;
  std::vector<Type> results;
  std::vector<Layout> layouts;  // of the results; empty means row-major
  std::string label;            // where it comes from ("conv1"), for people and traces

  bool operator==(const Node&) const = default;
};

enum class Role { parameter, moment, statistic };

// How a state starts: `constant` has the value `scale`; `uniform` is drawn from [-scale, scale),
// `normal` with standard deviation `scale`.
struct Initial {
  enum class Kind { constant, uniform, normal };
  Kind kind = Kind::constant;
  double scale = 0;
  bool operator==(const Initial&) const = default;
};

struct State {
  std::string name;
  Type type;
  Role role = Role::parameter;
  Initial initial;
  Layout layout;

  bool operator==(const State&) const = default;
};

struct Output {
  std::string name;
  Value value;
  bool operator==(const Output&) const = default;
};

struct Program {
  std::string name;
  std::vector<State> states;
  std::vector<Node> nodes;  // in an order in which operands come before their uses
  std::vector<Output> outputs;

  bool operator==(const Program&) const = default;

  const Type& type(Value value) const { return nodes[value.node].results[value.result]; }
  const Layout& layout(Value value) const;
  const State* state(std::string_view state_name) const;  // nullptr if absent
};

// Whether the node's result lies where its operand does, so that nothing is computed: reshapes, and
// transpositions in the layout that follows from their operand's.
bool is_view(const Program& program, const Node& node);

std::vector<std::uint32_t> inputs_of(const Program& program);  // the `input` nodes, in order
std::map<std::string, std::int64_t> symbols_of(const Program& program);  // symbol → upper bound

// uses[node] = the nodes that take one of its results, each once, in order.
std::vector<std::vector<std::uint32_t>> uses_of(const Program& program);

std::string_view name(Role role);
std::string_view name(Initial::Kind kind);

}  // namespace gnomon::ir
