// Operators that combine elements along dimensions.

#include <algorithm>

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {
namespace {

Rule reduction_rule(std::string_view who, std::int64_t rank,
                    const std::vector<std::int64_t>& axes) {
  if (rank < 0 || rank > static_cast<std::int64_t>(most_dims))
    throw InputError("{}: rank {} is not between 0 and {}", who, rank, most_dims);
  std::string operand, result, gone, split;
  std::size_t next = 0;
  for (std::int64_t d = 0; d < rank; ++d) {
    const bool reduced = next < axes.size() && axes[next] == d;
    operand += fmt::format("d{} ", d);
    split += fmt::format("; split d{}", d);
    if (reduced)
      gone += fmt::format("; {} d{}", who, d), ++next;
    else
      result += fmt::format("d{} ", d);
  }
  if (next != axes.size())
    throw InputError("{}: axes [{}] are not increasing dimensions below {}", who,
                     fmt::join(axes, ", "), rank);
  if (operand.empty()) operand = "()";
  if (result.empty()) result = "()";
  return Rule(fmt::format("{} -> {}{}{}", operand, result, gone, split));
}

std::vector<std::int64_t> kept_axes(std::int64_t rank, const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> kept;
  for (std::int64_t d = 0; d < rank; ++d)
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) kept.push_back(d);
  return kept;
}

}  // namespace

Rule Sum::rule() const { return reduction_rule("sum", rank, axes); }
Rule Max::rule() const { return reduction_rule("max", rank, axes); }

Gradient Sum::gradient(const GradientArgs& args) const {
  const Broadcast spread{kept_axes(rank, axes), args.build.type(args.inputs[0])};
  return Gradients{args.build(spread, {args.gradients[0]})};
}

// Elements below the maximum get nothing: 1 - step(max - x).
Gradient Max::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Broadcast spread{kept_axes(rank, axes), b.type(args.inputs[0])};
  const Value below = b(Step{}, {b(Subtract{}, {b(spread, {args.outputs[0]}), args.inputs[0]})});
  const Value attains = b(Subtract{}, {b.full_like(below, 1), below});
  return Gradients{b(Multiply{}, {b(spread, {args.gradients[0]}), attains})};
}

namespace {

// sum(x) along the last dimension, repeated along it.
Value sum_last(Builder& b, Value x) {
  const auto rank = static_cast<std::int64_t>(b.type(x).rank());
  const Value total = b(Sum{rank, {rank - 1}}, {x});
  return b(Broadcast{kept_axes(rank, {rank - 1}), b.type(x)}, {total});
}

}  // namespace

// dx = y (g - sum(g y))
Gradient Softmax::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value y = args.outputs[0];
  const Value weighted = sum_last(b, b(Multiply{}, {args.gradients[0], y}));
  return Gradients{b(Multiply{}, {y, b(Subtract{}, {args.gradients[0], weighted})})};
}

// dx = g - exp(y) sum(g)
Gradient LogSoftmax::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value g = args.gradients[0];
  const Value share = b(Multiply{}, {b(Exp{}, {args.outputs[0]}), sum_last(b, g)});
  return Gradients{b(Subtract{}, {g, share})};
}

}  // namespace gnomon::ir
