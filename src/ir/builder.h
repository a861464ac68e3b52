#pragma once

// Makes a Program, node by node; types are inferred, so a mistake is reported where it is made.
//
//   Builder b("linear");
//   const Value x = b.input("x", {DType::f32, {{"b", 128}, 784}});
//   const Value w = b.parameter("weight", {DType::f32, {10, 784}},
//                               {Initial::Kind::uniform, 0.036});
//   b.output("logits", b(MatMul{.transpose_rhs = true}, {x, w}));
//   Program program = b.finish();

#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "ir/program.h"

namespace gnomon::ir {

class Builder {
 public:
  explicit Builder(std::string name);
  // Goes on from a finished program: its states and nodes are kept, its outputs dropped.
  static Builder extend(Program program);

  // Appends a node with one result. Throws InputError when the operands do not fit.
  Value operator()(Op op, std::initializer_list<Value> inputs) {
    return append(std::move(op), std::vector<Value>(inputs)).at(0);
  }
  // Appends a node with any number of results.
  std::vector<Value> append(Op op, std::vector<Value> inputs);

  Value input(std::string name, Type type);
  // Declares a state and reads it; reading it again yields the same value.
  Value parameter(std::string name, Type type, Initial initial);
  Value state(State state);
  Value read(const std::string& state);
  void write(const std::string& state, Value value);
  // The last token of a group's communication (ir/ops/token.h), its first if there is none yet:
  //   const Value total = b(AllReduce{"data", 4}, {x, b.token("data")});
  Value token(const std::string& group);
  void output(std::string name, Value value);

  // Elements of `like`'s type, all `value`.
  Value full_like(Value like, double value);
  // Repeats a scalar to `like`'s type.
  Value broadcast_like(Value scalar, Value like);

  const Type& type(Value value) const { return program_.type(value); }
  const Program& program() const { return program_; }

  // Nodes appended from here on carry this label ("conv1").
  void label(std::string label) { label_ = std::move(label); }

  // Verifies and hands over the program.
  Program finish();

 private:
  void remember(std::uint32_t node);

  Program program_;
  std::map<std::string, Value> reads_;
  std::map<std::string, Value> tokens_;  // the last of each group
  std::string label_;
};

}  // namespace gnomon::ir
