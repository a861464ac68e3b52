#include "pass/update.h"

#include <cmath>
#include <map>

#include "base/error.h"
#include "ir/builder.h"
#include "pass/gradient.h"

namespace gnomon::pass {
namespace {

using ir::Value;

void check(std::string_view what, double value) {
  if (!std::isfinite(value) || value < 0)
    throw InputError("sgd: {} is {}; it is a finite number of at least 0", what, value);
}

Value scaled(ir::Builder& b, Value value, double factor) {
  return b(ir::Multiply{}, {value, b.full_like(value, factor)});
}

void update(ir::Builder& b, const std::string& parameter, Value gradient, Value learning_rate,
            const Sgd& options) {
  b.label(parameter);
  const Value weight = b.read(parameter);
  if (options.weight_decay != 0)
    gradient = b(ir::Add{}, {gradient, scaled(b, weight, options.weight_decay)});
  if (options.momentum != 0) {
    const std::string moment = moment_name(parameter, "momentum");
    const Value old = b.state({moment, b.type(weight), ir::Role::moment, {}, {}});
    gradient = b(ir::Add{}, {scaled(b, old, options.momentum), gradient});
    b.write(moment, gradient);
  }
  if (const DType dtype = b.type(weight).dtype; dtype != DType::f32)
    learning_rate = b(ir::Convert{dtype}, {learning_rate});
  const Value step = b(ir::Multiply{}, {gradient, b.broadcast_like(learning_rate, gradient)});
  b.write(parameter, b(ir::Subtract{}, {weight, step}));
}

}  // namespace

std::string moment_name(std::string_view parameter, std::string_view moment) {
  return fmt::format("{}.{}", parameter, moment);
}

ir::Program sgd(const ir::Program& with_gradients, const Sgd& options) {
  check("momentum", options.momentum);
  check("weight decay", options.weight_decay);
  std::map<std::string, Value> outputs;
  for (const auto& output : with_gradients.outputs) outputs[output.name] = output.value;

  auto b = ir::Builder::extend(with_gradients);
  const Value learning_rate = b.input(std::string(learning_rate_input), ir::Type{DType::f32, {}});
  bool any = false;
  for (const auto& state : with_gradients.states) {
    const auto gradient = outputs.find(gradient_output(state.name));
    if (state.role != ir::Role::parameter || gradient == outputs.end()) continue;
    any = true;
    update(b, state.name, gradient->second, learning_rate, options);
    outputs.erase(gradient);
  }
  if (!any)
    throw InputError("{}: no parameter has a gradient to follow; take gradients first",
                     with_gradients.name);
  for (const auto& output : with_gradients.outputs)
    if (outputs.contains(output.name)) b.output(output.name, output.value);
  return b.finish();
}

}  // namespace gnomon::pass
