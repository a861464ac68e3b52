// Matrix product and convolution. Each is linear in either operand, so the gradients are
// contractions of the same family, also of the gradients.

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::ir {
namespace {

void check_pair(std::string_view who, std::string_view what, const std::vector<std::int64_t>& pair,
                std::int64_t least) {
  constexpr std::int64_t most = 1 << 24;  // keeps the arithmetic of windows from overflowing
  const auto fits = [&](std::int64_t value) { return value >= least && value <= most; };
  if (pair.size() != 2 || !fits(pair[0]) || !fits(pair[1]))
    throw InputError("{}: {} is [{}]; it takes two integers from {} to {}", who, what,
                     fmt::join(pair, ", "), least, most);
}

template <typename Op>
std::string windows(const Op& op) {
  check_pair(Op::name, "stride", op.stride, 1);
  check_pair(Op::name, "padding", op.padding, 0);
  return fmt::format("; h = {} y + r - {}; w = {} x + s - {}", op.stride[0], op.padding[0],
                     op.stride[1], op.padding[1]);
}

template <typename Op>
std::string extents(const Op& op, std::size_t first, std::string_view a, std::string_view b) {
  if (op.type.rank() != 4 || op.type.dims[first].is_symbol() || op.type.dims[first + 1].is_symbol())
    throw InputError("{}: declared {}; it takes four dimensions, the last two integers", Op::name,
                     to_string(op.type));
  return fmt::format("; {} : {}; {} : {}", a, op.type.dims[first].size, b,
                     op.type.dims[first + 1].size);
}

template <typename Op>
std::string pool_windows(const Op& op) {
  check_pair(Op::name, "kernel", op.kernel, 1);
  const auto slide = windows(op);
  for (std::size_t i = 0; i < 2; ++i)
    if (op.padding[i] * 2 > op.kernel[i])
      throw InputError("{}: padding {} is more than half the kernel {}", Op::name, op.padding[i],
                       op.kernel[i]);
  return fmt::format("; r : {}; s : {}", op.kernel[0], op.kernel[1]) + slide;
}

}  // namespace

Rule MatMul::rule() const {
  return Rule(fmt::format("... {}, ... {} -> ... m n; sum k; split ... m n k",
                          transpose_lhs ? "k m" : "m k", transpose_rhs ? "n k" : "k n"));
}

Gradient MatMul::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value g = args.gradients[0], lhs = args.inputs[0], rhs = args.inputs[1];
  const Value dl = transpose_lhs ? b(MatMul{transpose_rhs, true}, {rhs, g})
                                 : b(MatMul{false, !transpose_rhs}, {g, rhs});
  const Value dr = transpose_rhs ? b(MatMul{true, transpose_lhs}, {g, lhs})
                                 : b(MatMul{!transpose_lhs, false}, {lhs, g});
  return Gradients{dl, dr};
}

Rule Convolution::rule() const {
  return Rule("n c h w, o c r s -> n o y x" + windows(*this) + "; sum c r s; split n o c");
}

Gradient Convolution::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value images = args.inputs[0], weights = args.inputs[1], g = args.gradients[0];
  return Gradients{b(ConvolutionInputGradient{stride, padding, b.type(images)}, {g, weights}),
                   b(ConvolutionWeightGradient{stride, padding, b.type(weights)}, {images, g})};
}

Rule ConvolutionInputGradient::rule() const {
  return Rule("n o y x, o c r s -> n c h w" + extents(*this, 2, "h", "w") + windows(*this) +
              "; sum o y x r s; split n o c");
}

Gradient ConvolutionInputGradient::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value out = args.inputs[0], weights = args.inputs[1], g = args.gradients[0];
  return Gradients{b(Convolution{stride, padding}, {g, weights}),
                   b(ConvolutionWeightGradient{stride, padding, b.type(weights)}, {g, out})};
}

Rule ConvolutionWeightGradient::rule() const {
  return Rule("n c h w, n o y x -> o c r s" + extents(*this, 2, "r", "s") + windows(*this) +
              "; sum n y x; split n o c");
}

Gradient ConvolutionWeightGradient::gradient(const GradientArgs& args) const {
  auto& b = args.build;
  const Value images = args.inputs[0], out = args.inputs[1], g = args.gradients[0];
  return Gradients{b(ConvolutionInputGradient{stride, padding, b.type(images)}, {out, g}),
                   b(Convolution{stride, padding}, {images, g})};
}

Rule MaxPool::rule() const {
  return Rule("n c h w -> n c y x" + pool_windows(*this) + "; max r s; split n c");
}

Gradient MaxPool::gradient(const GradientArgs& args) const {
  return Gradients{
      args.build(MaxPoolGradient{kernel, stride, padding}, {args.inputs[0], args.gradients[0]})};
}

Rule MaxPoolGradient::rule() const {
  return Rule("n c h w, n c y x -> n c h w" + pool_windows(*this) + "; sum y x r s; split n c");
}

Gradient MaxPoolGradient::gradient(const GradientArgs&) const {
  return NotDifferentiable{"second derivatives of max_pool are not provided"};
}

}  // namespace gnomon::ir
