// Sources, sinks and operators through which no gradient flows.

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {

Gradient Input::gradient(const GradientArgs&) const { return Gradients{}; }
Gradient Read::gradient(const GradientArgs&) const { return Gradients{}; }
Gradient Constant::gradient(const GradientArgs&) const { return Gradients{}; }
Gradient Full::gradient(const GradientArgs&) const { return Gradients{}; }
Gradient Iota::gradient(const GradientArgs&) const { return Gradients{}; }
Gradient Extent::gradient(const GradientArgs&) const { return Gradients{std::nullopt}; }
Gradient ArgMax::gradient(const GradientArgs&) const { return Gradients{std::nullopt}; }
Gradient OneHot::gradient(const GradientArgs&) const { return Gradients{std::nullopt}; }
Gradient RandomUniform::gradient(const GradientArgs&) const { return Gradients{std::nullopt}; }

Gradient Write::gradient(const GradientArgs&) const {
  return NotDifferentiable{
      "a state is written: differentiate the program before its updates are added"};
}

std::vector<Type> Constant::infer(std::span<const Type>) const {
  Type type{blob.tensor().dtype(), {}};
  for (const auto extent : blob.tensor().shape()) type.dims.emplace_back(extent);
  return {type};
}

std::vector<Type> Convert::infer(std::span<const Type> operands) const {
  return {{dtype, operands[0].dims}};
}

std::vector<Type> Extent::infer(std::span<const Type> operands) const {
  for (const auto axis : axes)
    if (axis < 0 || axis >= static_cast<std::int64_t>(operands[0].rank()))
      throw InputError("extent: axis {} is not a dimension of {}", axis, to_string(operands[0]));
  return {{operands[0].dtype, {}}};
}

// Looks at the shape, not at the elements.
Cost Extent::cost(std::span<const Type>, std::span<const Type> results) const {
  return {Flops(0), bound_bytes(results)};
}

std::vector<Type> ArgMax::infer(std::span<const Type> operands) const {
  return {{DType::i32, {operands[0].dims.begin(), operands[0].dims.end() - 1}}};
}

std::vector<Type> OneHot::infer(std::span<const Type> operands) const {
  if (operands[0].dtype != DType::i32)
    throw InputError("one_hot: takes class numbers as i32, got {}", to_string(operands[0]));
  if (classes < 1) throw InputError("one_hot: needs at least one class, got {}", classes);
  Type type{DType::f32, operands[0].dims};
  type.dims.emplace_back(classes);
  return {type};
}

std::vector<Type> RandomUniform::infer(std::span<const Type> operands) const {
  if (operands[0] != Type{DType::i64, {}})
    throw InputError("random_uniform: the step is an i64 scalar, got {}", to_string(operands[0]));
  if (!is_float(type.dtype))
    throw InputError("random_uniform: yields floating-point elements, declared {}",
                     to_string(type));
  return {type};
}

std::vector<Type> Iota::infer(std::span<const Type>) const {
  if (axis < 0 || axis >= static_cast<std::int64_t>(type.rank()))
    throw InputError("iota: axis {} is none of {}", axis, to_string(type));
  return {type};
}

}  // namespace gnomon::ir
