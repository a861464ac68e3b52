// Operators that hold inner Programs.

#include "base/error.h"
#include "exec/reference/interpret.h"
#include "exec/reference/named.h"

namespace gnomon::exec::reference {
namespace {

std::vector<Tensor> run(const ir::Region& region, std::span<const Tensor* const> arguments,
                        const Call& call) {
  auto inner = interpret(region.program(), arguments, call.precision,
                         [](const std::string& state) -> Tensor {
                           GNOMON_CHECK(false, "an inner program reads state {}", state);
                         });
  for (const auto points : inner.points) call.points += points;
  return std::move(inner.outputs);
}

}  // namespace

std::vector<Tensor> evaluate(const ir::Fused& op, const Call& call) {
  return run(op.body, call.operands, call);
}

std::vector<Tensor> evaluate(const ir::If& op, const Call& call) {
  const bool condition = call.operands[0]->span<bool>()[0];
  return run(condition ? op.then : op.otherwise, call.operands.subspan(1), call);
}

std::vector<Tensor> evaluate(const ir::Repeat& op, const Call& call) {
  std::vector<Tensor> values;
  for (const auto* operand : call.operands) values.push_back(*operand);
  for (std::int64_t i = 0; i < op.count; ++i) {
    std::vector<const Tensor*> arguments;
    for (const auto& value : values) arguments.push_back(&value);
    values = run(op.body, arguments, call);
  }
  return values;
}

}  // namespace gnomon::exec::reference
