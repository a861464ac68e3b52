#include "pass/accumulate.h"

#include <algorithm>

#include "ir/builder.h"
#include "pass/gradient.h"
#include "pass/update.h"

namespace gnomon::pass {
namespace {

using ir::Builder;
using ir::Program;
using ir::Value;

// The parameters that have a gradient, with the output that it is.
struct Gradient {
  std::string parameter;
  Value value;
};

std::vector<Gradient> gradients_of(const Program& program) {
  std::vector<Gradient> gradients;
  for (const auto& output : program.outputs)
    for (const auto& state : program.states)
      if (state.role == ir::Role::parameter && output.name == gradient_output(state.name))
        gradients.push_back({state.name, output.value});
  return gradients;
}

Value accumulator(Builder& b, const std::string& parameter, const ir::Type& type) {
  return b.state({accumulator_name(parameter), type, ir::Role::moment, {}, {}});
}

}  // namespace

std::string accumulator_name(std::string_view parameter) {
  return moment_name(parameter, "gradient");
}

Program accumulate(const Program& with_gradients) {
  Builder b = Builder::extend(with_gradients);
  const auto gradients = gradients_of(with_gradients);
  for (const auto& [parameter, gradient] : gradients) {
    b.label(parameter);
    const Value before = accumulator(b, parameter, b.type(gradient));
    b.write(accumulator_name(parameter), b(ir::Add{}, {before, gradient}));
  }
  for (const auto& output : with_gradients.outputs) {
    const bool is_gradient =
        std::any_of(gradients.begin(), gradients.end(), [&](const Gradient& gradient) {
          return output.name == gradient_output(gradient.parameter);
        });
    if (!is_gradient) b.output(output.name, output.value);
  }
  return b.finish();
}

Program accumulated(const Program& with_gradients, std::int64_t runs) {
  Program states;
  states.name = with_gradients.name;
  states.states = with_gradients.states;
  Builder b = Builder::extend(std::move(states));
  for (const auto& [parameter, gradient] : gradients_of(with_gradients)) {
    b.label(parameter);
    const Value sum = accumulator(b, parameter, with_gradients.type(gradient));
    const Value share = b.full_like(sum, 1 / static_cast<double>(runs));
    b.output(gradient_output(parameter), b(ir::Multiply{}, {sum, share}));
    b.write(accumulator_name(parameter), b.full_like(sum, 0));
  }
  return b.finish();
}

}  // namespace gnomon::pass
