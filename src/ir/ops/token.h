#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// The first token of a group of ranks.
//
// The ranks of a group must communicate in the same order, or they wait for each other for ever. So
// every operator that communicates (all_reduce, all_gather, reduce_scatter, all_to_all, send, recv)
// takes a token as its last operand and yields the next as its last result: a chain for each group,
// which no pass can break, for it is a dependency like any other. Tokens hold nothing and nothing
// else takes them. Builder::token gives the end of a group's chain; verify refuses a fork, a second
// chain and communication in inner Programs; verify_ranks compares the chains of all ranks.
//   %1 = token {group = "data"} : token[]
//   %2, %3 = all_reduce(%0, %1) {group = "data", ranks = 4, reduction = sum} : f32[64, 10], token[]
//   %4, %5 = all_gather(%2, %3) {group = "data", ranks = 4, axis = 0} : f32[256, 10], token[]
// Communication of different groups is not ordered.
//
// A rank is known by its number in the group, 0 … ranks - 1; a name stands for one set of ranks.
//
// Gradients: what is differentiated is the *sum* of the losses of all ranks of the group, for each
// rank's own copy of its values. A loss that all ranks compute alike is thereby counted `ranks`
// times: divide it. Tokens have no gradient. The gradient of an operator communicates in the same
// group, behind all that the forward program does there; the backward pass visits the last node
// first, so its order is the reverse of the forward order, and alike on ranks that run the same
// program.
struct Token {
  static constexpr std::string_view name = "token";
  std::string group;
  static constexpr auto attributes = std::tuple{Attribute{"group", &Token::group}};
  Rule rule() const { return Rule::none(); }
  static constexpr std::size_t operand_count = 0;
  static constexpr bool is_free = true;
  std::vector<Type> infer(std::span<const Type> operands) const;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Token&) const = default;
};

}  // namespace gnomon::ir
