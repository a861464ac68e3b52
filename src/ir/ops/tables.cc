// Types, costs and gradients of operators on tables of rows.

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {
namespace {

void require_numbers(std::string_view who, const Type& type) {
  if (type.dtype != DType::i32)
    throw InputError("{}: takes row numbers as i32, got {}", who, to_string(type));
}

double elements(const Type& type) {
  return static_cast<double>(element_count(bound_shape(type.dims)));
}

}  // namespace

std::vector<Type> Gather::infer(std::span<const Type> operands) const {
  const Type &table = operands[0], &numbers = operands[1];
  require_numbers(name, numbers);
  if (table.rank() != 2 || !is_float(table.dtype))
    throw InputError("gather: takes a table of floating-point elements in two dimensions, got {}",
                     to_string(table));
  Type rows{table.dtype, numbers.dims};
  rows.dims.push_back(table.dims[1]);
  return {rows};
}

// Of the table only the rows asked for are read.
Cost Gather::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return {Flops(0), bound_bytes(operands[1]) + bound_bytes(results[0]) * 2};
}

Gradient Gather::gradient(const GradientArgs& args) const {
  const Dim& rows = args.build.type(args.inputs[0]).dims[0];
  return Gradients{args.build(ScatterAdd{rows.size}, {args.inputs[1], args.gradients[0]}),
                   std::nullopt};
}

std::vector<Type> ScatterAdd::infer(std::span<const Type> operands) const {
  const Type &numbers = operands[0], &vectors = operands[1];
  require_numbers(name, numbers);
  Dims expected = numbers.dims;
  if (vectors.rank() > 0) expected.push_back(vectors.dims.back());
  if (!is_float(vectors.dtype) || vectors.dims != expected)
    throw InputError("scatter_add: takes one vector per number, got {} for {}", to_string(vectors),
                     to_string(numbers));
  if (rows < 1) throw InputError("scatter_add: needs at least one row, got {}", rows);
  return {{vectors.dtype, {rows, vectors.dims.back()}}};
}

Cost ScatterAdd::cost(std::span<const Type> operands, std::span<const Type> results) const {
  return {Flops(elements(operands[1])),
          bound_bytes(operands[0]) + bound_bytes(operands[1]) + bound_bytes(results[0])};
}

Gradient ScatterAdd::gradient(const GradientArgs& args) const {
  return Gradients{std::nullopt, args.build(Gather{}, {args.gradients[0], args.inputs[0]})};
}

}  // namespace gnomon::ir
