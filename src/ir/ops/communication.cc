// Operators that communicate with other ranks.

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {
namespace {

constexpr std::int64_t most_ranks = 1 << 24;

void check_group(std::string_view who, const std::string& group) {
  if (group.empty()) throw InputError("{}: a group has a name", who);
}

template <typename O>
void check_common(const O& op, std::span<const Type> operands) {
  check_group(O::name, op.group);
  if (op.ranks < 1 || op.ranks > most_ranks)
    throw InputError("{}: group {} has {} ranks; it takes 1 to {}", O::name, op.group, op.ranks,
                     most_ranks);
  if (!is_token(operands.back()))
    throw InputError("{}: the last operand is the token of its group, got {}", O::name,
                     to_string(operands.back()));
  if (operands.size() == 2 && is_token(operands[0]))
    throw InputError("{}: the first operand is data, got a token", O::name);
}

template <typename O>
void check_peer(const O& op) {
  if (op.ranks == 1)
    throw InputError("{}: group {} has one rank, which cannot send to itself", O::name, op.group);
  if (op.peer < 0 || op.peer >= op.ranks)
    throw InputError("{}: peer {} is none of the {} ranks of group {}", O::name, op.peer, op.ranks,
                     op.group);
}

// The dimension that is divided among ranks or joined.
Dim& dimension(std::string_view who, Type& type, std::int64_t axis) {
  if (axis < 0 || axis >= static_cast<std::int64_t>(type.rank()))
    throw InputError("{}: axis {} is not a dimension of {}", who, axis, to_string(type));
  Dim& dim = type.dims[static_cast<std::size_t>(axis)];
  if (dim.is_symbol())
    throw InputError("{}: axis {} of {} is symbolic; only a fixed extent is divided among ranks",
                     who, axis, to_string(type));
  return dim;
}

void join(std::string_view who, Type& type, std::int64_t axis, std::int64_t ranks) {
  Dim& dim = dimension(who, type, axis);
  dim.size = element_count({dim.size, ranks});
}

void divide(std::string_view who, Type& type, std::int64_t axis, std::int64_t ranks) {
  Dim& dim = dimension(who, type, axis);
  if (dim.size % ranks != 0)
    throw InputError("{}: axis {} of {} is not divided evenly among {} ranks", who, axis,
                     to_string(type), ranks);
  dim.size /= ranks;
}

// Each rank does its share of the ranks - 1 operations that an element takes.
Cost reduction_cost(std::int64_t ranks, std::span<const Type> operands,
                    std::span<const Type> results) {
  const auto elements = static_cast<double>(element_count(bound_shape(operands[0].dims)));
  const auto n = static_cast<double>(ranks);
  return {Flops(elements * (n - 1) / n), bound_bytes(operands) + bound_bytes(results)};
}

// The data that an operator yields behind all other communication of its group.
template <typename O>
Value communicate(const GradientArgs& args, const O& op, Value data) {
  return args.build(op, {data, args.build.token(op.group)});
}

}  // namespace

std::vector<Type> Token::infer(std::span<const Type>) const {
  check_group(name, group);
  return {token_type()};
}

std::vector<Type> AllReduce::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  return {operands[0], token_type()};
}

std::vector<Type> AllGather::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  Type all = operands[0];
  join(name, all, axis, ranks);
  return {all, token_type()};
}

std::vector<Type> ReduceScatter::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  Type part = operands[0];
  divide(name, part, axis, ranks);
  return {part, token_type()};
}

std::vector<Type> AllToAll::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  Type exchanged = operands[0];
  divide(name, exchanged, split_axis, ranks);
  join(name, exchanged, concat_axis, ranks);
  return {exchanged, token_type()};
}

std::vector<Type> Send::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  check_peer(*this);
  return {token_type()};
}

std::vector<Type> Recv::infer(std::span<const Type> operands) const {
  check_common(*this, operands);
  check_peer(*this);
  if (is_token(type)) throw InputError("recv: receives data, declared {}", to_string(type));
  return {type, token_type()};
}

Cost AllReduce::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return reduction_cost(ranks, operands, results);
}

Cost ReduceScatter::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return reduction_cost(ranks, operands, results);
}

Gradient Token::gradient(const GradientArgs&) const { return Gradients{}; }

// A maximum passes the gradient to the ranks that attain it: 1 - step(max - x).
Gradient AllReduce::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value total = communicate(args, AllReduce{group, ranks}, args.gradients[0]);
  if (reduction == Reduction::sum) return Gradients{total, std::nullopt};
  const Value below = b(Step{}, {b(Subtract{}, {args.outputs[0], args.inputs[0]})});
  const Value attains = b(Subtract{}, {b.full_like(below, 1), below});
  return Gradients{b(Multiply{}, {total, attains}), std::nullopt};
}

Gradient AllGather::gradient(const GradientArgs& args) const {
  return Gradients{communicate(args, ReduceScatter{group, ranks, axis}, args.gradients[0]),
                   std::nullopt};
}

Gradient ReduceScatter::gradient(const GradientArgs& args) const {
  if (reduction == Reduction::max)
    return NotDifferentiable{"the gradient of a scattered maximum is not provided"};
  return Gradients{communicate(args, AllGather{group, ranks, axis}, args.gradients[0]),
                   std::nullopt};
}

Gradient AllToAll::gradient(const GradientArgs& args) const {
  return Gradients{
      communicate(args, AllToAll{group, ranks, concat_axis, split_axis}, args.gradients[0]),
      std::nullopt};
}

Gradient Send::gradient(const GradientArgs&) const {
  return NotDifferentiable{
      "what it leads to is in another rank's program: take gradients before dividing the program"};
}

Gradient Recv::gradient(const GradientArgs&) const {
  return NotDifferentiable{
      "what it comes from is in another rank's program: take gradients before dividing the "
      "program"};
}

}  // namespace gnomon::ir
