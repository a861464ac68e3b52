#include "exec/reference/evaluate.h"

#include "base/error.h"
#include "exec/reference/indexed.h"
#include "exec/reference/named.h"

namespace gnomon::exec {

DType kept_as(DType declared, Precision precision) {
  return precision == Precision::f64 && is_float(declared) ? DType::f64 : declared;
}

std::vector<Tensor> evaluate_node(const ir::Node& node, std::span<const Tensor* const> operands,
                                  Precision precision, std::int64_t* points) {
  for (const auto& type : node.results)
    GNOMON_CHECK(ir::is_static(type.dims), "{} is not specialised: {}", ir::name(node.op),
                 ir::to_string(type));
  std::int64_t visited = 0;
  const reference::Call call{node, operands, precision, visited};
  auto results = std::visit(
      [&]<typename O>(const O& op) {
        // A conversion's scalar function says nothing of rounding.
        if constexpr (ir::Pointwise<O> && !std::is_same_v<O, ir::Convert>)
          return evaluate_indexed(reference::point_functions<O>(), call);
        else
          return evaluate(op, call);
      },
      node.op);
  if (points != nullptr) *points += visited;
  return results;
}

}  // namespace gnomon::exec
