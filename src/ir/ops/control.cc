// Operators that hold inner Programs.

#include "base/error.h"
#include "ir/builder.h"
#include "ir/op_info.h"

namespace gnomon::ir {
namespace {

struct Signature {
  std::vector<Type> inputs, outputs;
  bool operator==(const Signature&) const = default;
};

Signature signature(const Program& program) {
  Signature types;
  for (const auto node : inputs_of(program)) types.inputs.push_back(program.nodes[node].results[0]);
  for (const auto& output : program.outputs) types.outputs.push_back(program.type(output.value));
  return types;
}

std::string list(std::span<const Type> types) {
  std::string text;
  for (const auto& type : types) text += (text.empty() ? "" : ", ") + to_string(type);
  return "(" + text + ")";
}

void check_arguments(std::string_view who, const Signature& body, std::span<const Type> given) {
  if (!std::equal(body.inputs.begin(), body.inputs.end(), given.begin(), given.end()))
    throw InputError("{}: the inner program takes {}, got {}", who, list(body.inputs), list(given));
}

}  // namespace

std::vector<Type> Fused::infer(std::span<const Type> operands) const {
  const auto types = signature(body.program());
  check_arguments(name, types, operands);
  return types.outputs;
}

Cost Fused::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return {program_flops(body.program()), bound_bytes(operands) + bound_bytes(results)};
}

Gradient Fused::gradient(const GradientArgs&) const {
  return NotDifferentiable{"gradients are taken before fusion"};
}

std::vector<Type> If::infer(std::span<const Type> operands) const {
  if (operands.empty() || operands[0] != Type{DType::boolean, {}})
    throw InputError("if: the first operand is a bool scalar, got {}",
                     list(operands.first(!operands.empty())));
  const auto types = signature(then.program());
  check_arguments(name, types, operands.subspan(1));
  if (types != signature(otherwise.program()))
    throw InputError("if: the two inner programs have different input or output types");
  return types.outputs;
}

Cost If::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return {std::max(program_flops(then.program()), program_flops(otherwise.program())),
          bound_bytes(operands) + bound_bytes(results)};
}

Gradient If::gradient(const GradientArgs&) const {
  return NotDifferentiable{"reverse mode through a data-dependent branch is not provided"};
}

std::vector<Type> Repeat::infer(std::span<const Type> operands) const {
  const auto types = signature(body.program());
  check_arguments(name, types, operands);
  if (types.inputs != types.outputs)
    throw InputError("repeat: the inner program takes {} but yields {}", list(types.inputs),
                     list(types.outputs));
  if (count < 0) throw InputError("repeat: count is {}; it cannot be negative", count);
  return types.outputs;
}

Cost Repeat::cost(std::span<const Type> operands, std::span<const Type> results) const {
  const auto times = static_cast<double>(count);
  return {program_flops(body.program()) * times,
          (bound_bytes(operands) + bound_bytes(results)) * times};
}

Gradient Repeat::gradient(const GradientArgs&) const {
  return NotDifferentiable{"reverse mode through repeat is not provided; unroll it"};
}

}  // namespace gnomon::ir
