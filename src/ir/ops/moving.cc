// Operators that put the same elements elsewhere.

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {

Rule Broadcast::rule() const {
  const auto rank = static_cast<std::int64_t>(type.rank());
  std::string operand, result, clauses;
  std::int64_t next = 0;
  for (std::int64_t d = 0; d < rank; ++d) {
    const bool kept =
        next < static_cast<std::int64_t>(axes.size()) && axes[static_cast<std::size_t>(next)] == d;
    const auto& dim = type.dims[static_cast<std::size_t>(d)];
    result += fmt::format("d{} ", d);
    if (kept)
      operand += fmt::format("d{} ", d), ++next;
    else if (dim.is_symbol())
      clauses += fmt::format("; d{} : {}<={}", d, dim.symbol, dim.size);
    else
      clauses += fmt::format("; d{} : {}", d, dim.size);
    clauses += fmt::format("; split d{}", d);
  }
  if (next != static_cast<std::int64_t>(axes.size()))
    throw InputError("broadcast: axes [{}] are not increasing dimensions of {}",
                     fmt::join(axes, ", "), to_string(type));
  if (operand.empty()) operand = "()";
  if (result.empty()) result = "()";
  return Rule(fmt::format("{} -> {}{}", operand, result, clauses));
}

Gradient Broadcast::gradient(const GradientArgs& args) const {
  Sum sum{static_cast<std::int64_t>(type.rank()), {}};
  for (std::int64_t d = 0; d < sum.rank; ++d)
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) sum.axes.push_back(d);
  return Gradients{sum.axes.empty() ? args.gradients[0] : args.build(sum, {args.gradients[0]})};
}

// Symbols must appear on both sides, the same number of times; the integers must multiply to the
// same.
std::vector<Type> Reshape::infer(std::span<const Type> operands) const {
  const auto profile = [](const Dims& dims) {
    std::multiset<std::string> symbols;
    Shape integers;
    for (const auto& dim : dims) {
      if (dim.is_symbol())
        symbols.insert(dim.symbol);
      else
        integers.push_back(dim.size);
    }
    return std::pair(symbols, element_count(integers));
  };
  if (operands[0].dtype != type.dtype || profile(operands[0].dims) != profile(type.dims))
    throw InputError("reshape: {} does not hold the elements of {}", to_string(type),
                     to_string(operands[0]));
  return {type};
}

Gradient Reshape::gradient(const GradientArgs& args) const {
  return Gradients{args.build(Reshape{args.build.type(args.inputs[0])}, {args.gradients[0]})};
}

Rule Transpose::rule() const {
  std::string operand, result, split;
  std::vector<bool> seen(permutation.size(), false);
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    const auto d = permutation[i];
    if (d < 0 || d >= static_cast<std::int64_t>(permutation.size()) ||
        seen[static_cast<std::size_t>(d)])
      throw InputError("transpose: [{}] is not a permutation", fmt::join(permutation, ", "));
    seen[static_cast<std::size_t>(d)] = true;
    operand += fmt::format("d{} ", i);
    result += fmt::format("d{} ", d);
    split += fmt::format("; split d{}", i);
  }
  if (permutation.empty()) operand = result = "()";
  return Rule(fmt::format("{} -> {}{}", operand, result, split));
}

Gradient Transpose::gradient(const GradientArgs& args) const {
  Transpose inverse{std::vector<std::int64_t>(permutation.size())};
  for (std::size_t i = 0; i < permutation.size(); ++i)
    inverse.permutation[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  return Gradients{args.build(inverse, {args.gradients[0]})};
}

Gradient Reorder::gradient(const GradientArgs& args) const { return Gradients{args.gradients[0]}; }

}  // namespace gnomon::ir
