// Gradients of the element-wise operators.

#include "ir/builder.h"

namespace gnomon::ir {

Gradient Convert::gradient(const GradientArgs& args) const {
  const DType source = args.build.type(args.inputs[0]).dtype;
  if (!is_float(source) || !is_float(dtype)) return Gradients{std::nullopt};
  return Gradients{args.build(Convert{source}, {args.gradients[0]})};
}

Gradient Negate::gradient(const GradientArgs& args) const {
  return Gradients{args.build(Negate{}, {args.gradients[0]})};
}

Gradient Exp::gradient(const GradientArgs& args) const {
  return Gradients{args.build(Multiply{}, {args.gradients[0], args.outputs[0]})};
}

Gradient Log::gradient(const GradientArgs& args) const {
  return Gradients{args.build(Divide{}, {args.gradients[0], args.inputs[0]})};
}

// d sqrt(x) = 1 / (2 sqrt(x))
Gradient SquareRoot::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value half = b(Multiply{}, {args.gradients[0], b.full_like(args.outputs[0], 0.5)});
  return Gradients{b(Divide{}, {half, args.outputs[0]})};
}

// From the output, so that the input need not be kept: the output is positive where the input is.
Gradient Relu::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  return Gradients{b(Multiply{}, {args.gradients[0], b(Step{}, {args.outputs[0]})})};
}

// d tanh(x) = 1 - tanh(x)²
Gradient Tanh::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value square = b(Multiply{}, {args.outputs[0], args.outputs[0]});
  const Value slope = b(Subtract{}, {b.full_like(square, 1), square});
  return Gradients{b(Multiply{}, {args.gradients[0], slope})};
}

Gradient Step::gradient(const GradientArgs&) const { return Gradients{std::nullopt}; }

Gradient Add::gradient(const GradientArgs& args) const {
  return Gradients{args.gradients[0], args.gradients[0]};
}

Gradient Subtract::gradient(const GradientArgs& args) const {
  return Gradients{args.gradients[0], args.build(Negate{}, {args.gradients[0]})};
}

Gradient Multiply::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  return Gradients{b(Multiply{}, {args.gradients[0], args.inputs[1]}),
                   b(Multiply{}, {args.gradients[0], args.inputs[0]})};
}

// d(x/y) = dx/y - (x/y) dy/y
Gradient Divide::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value dx = b(Divide{}, {args.gradients[0], args.inputs[1]});
  return Gradients{dx, b(Negate{}, {b(Multiply{}, {dx, args.outputs[0]})})};
}

Gradient Maximum::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value second = b(Step{}, {b(Subtract{}, {args.inputs[1], args.inputs[0]})});
  const Value dy = b(Multiply{}, {args.gradients[0], second});
  return Gradients{b(Subtract{}, {args.gradients[0], dy}), dy};
}

}  // namespace gnomon::ir
