#include "operator_samples.h"

#include <cmath>

#include "base/random.h"
#include "ir/op_info.h"

namespace gnomon::exec::samples {
namespace {

// Names an operator.
template <typename O>
struct Of {
  using Operator = O;
};

enum class Values {
  distinct,        // in (-1, 1), no two alike and none 0, so that nothing lies on a kink
  positive,        // in (0.5, 2.5)
  away_from_zero,  // either sign
  labels,          // -1 … 4: classes, and numbers outside them
  flag
};

struct Operand {
  ir::Type type;
  Values values = Values::distinct;
};

Tensor make_argument(const Operand& operand, std::int64_t batch, std::uint64_t number) {
  Tensor value(DType::f64, ir::bound_shape(ir::substitute(operand.type.dims, {{"b", batch}})));
  const auto elements = value.span<double>();
  const auto n = static_cast<double>(elements.size());
  const auto order = Random(7, number).permutation(value.count());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    // A quarter of the gap apart from the values of other operands.
    const double spread =
        2 * (static_cast<double>(order[i]) + 0.5 + 0.25 * static_cast<double>(number % 2)) / n - 1;
    switch (operand.values) {
      case Values::distinct:
        elements[i] = spread == 0 ? 0.25 / n : spread;
        break;
      case Values::positive:
        elements[i] = 1.5 + spread;
        break;
      case Values::away_from_zero:
        elements[i] = spread + std::copysign(0.5, spread);
        break;
      case Values::labels:
        elements[i] = static_cast<double>(order[i] % 6 - 1);
        break;
      case Values::flag:
        elements[i] = 1;
        break;
    }
  }
  return convert(value, operand.type.dtype);
}

// A program of the operator alone, and the first token of its group if it has one. It takes the
// first `taken` of the operands; the others only bind symbols.
Sample sample(const Setting& s, std::string what, const ir::Op& op,
              const std::vector<Operand>& operands, double flops_per_point,
              std::size_t taken = 99) {
  Sample result{std::move(what), {}, 0, {}, flops_per_point, false};
  ir::Builder b(result.what);
  std::vector<ir::Value> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto value = b.input("x" + std::to_string(i), operands[i].type);
    if (i < taken) inputs.push_back(value);
    result.arguments.push_back(make_argument(operands[i], s.batch, i));
  }
  if (ir::ranks(op) > 0) inputs.push_back(b.token(std::string(ir::group(op))));
  result.node = static_cast<std::uint32_t>(b.program().nodes.size());
  const auto outputs = b.append(op, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    if (!ir::is_token(b.type(outputs[i]))) b.output("y" + std::to_string(i), outputs[i]);
  result.program = b.finish();
  return result;
}

// Sources and sinks.

Samples samples(Of<ir::Input>, const Setting& s) {
  Sample argument{"an argument", {}, 0, {}, 0, false};
  const Operand x{s.type({s.b(), 3})};
  ir::Builder b("argument");
  b.output("y", b.input("x", x.type));
  argument.program = b.finish();
  argument.arguments.push_back(make_argument(x, s.batch, 0));
  return {argument};
}

Samples samples(Of<ir::Read>, const Setting& s) {
  Sample state{"a parameter", {}, 0, {}, 0, false};
  ir::Builder b("parameter");
  b.output("y", b.parameter("w", s.type({2, 3}), {ir::Initial::Kind::uniform, 0.5}));
  state.program = b.finish();
  return {state};
}

Samples samples(Of<ir::Write>, const Setting& s) {
  Sample state{"an update", {}, 2, {}, 0, false};
  const Operand x{s.type({2, 3})};
  ir::Builder b("update");
  const auto value = b.input("x", x.type);
  b.output("old", b.parameter("w", x.type, {ir::Initial::Kind::constant, 0.5}));
  b.write("w", value);
  state.program = b.finish();
  state.arguments.push_back(make_argument(x, s.batch, 0));
  return {state};
}

Samples samples(Of<ir::Constant>, const Setting& s) {
  const Tensor value = make_argument({s.type({2, 3})}, s.batch, 5);
  return {sample(s, "six numbers", ir::Constant{ir::Blob(value)}, {}, 0)};
}

Samples samples(Of<ir::Full>, const Setting& s) {
  const Operand bystander{s.type({s.b()})};
  return {sample(s, "a third", ir::Full{1.0 / 3, s.type({s.b(), 2})}, {bystander}, 0, 0),
          sample(s, "a scalar", ir::Full{-2, s.type({})}, {}, 0)};
}

Samples samples(Of<ir::Iota>, const Setting& s) {
  const Operand bystander{s.type({s.b()})};
  return {sample(s, "rows", ir::Iota{0, s.type({s.b(), 3})}, {bystander}, 0, 0),
          sample(s, "columns", ir::Iota{1, s.type({2, 3})}, {}, 0)};
}

Samples samples(Of<ir::RandomUniform>, const Setting& s) {
  const Operand step{{DType::i64, {}}, Values::flag}, bystander{s.type({s.b()})};
  return {sample(s, "noise", ir::RandomUniform{3, 1, s.type({s.b(), 5})}, {step, bystander}, 1, 1)};
}

// Element-wise.

template <typename O>
Samples unary(const Setting& s, Values values = Values::distinct) {
  return {sample(s, "a matrix", O{}, {{s.type({s.b(), 5}), values}}, 1),
          sample(s, "a scalar", O{}, {{s.type({}), values}}, 1)};
}

template <typename O>
Samples binary(const Setting& s, Values second = Values::distinct) {
  return {sample(s, "matrices", O{}, {{s.type({s.b(), 5})}, {s.type({s.b(), 5}), second}}, 1),
          sample(s, "scalars", O{}, {{s.type({})}, {s.type({}), second}}, 1)};
}

Samples samples(Of<ir::Convert>, const Setting& s) {
  return {
      sample(s, "to f32", ir::Convert{DType::f32}, {{s.type({s.b(), 5})}}, 0),
      sample(s, "to bf16", ir::Convert{DType::bf16}, {{s.type({s.b(), 5})}}, 0),
      sample(s, "to i32", ir::Convert{DType::i32}, {{s.type({s.b(), 5})}}, 0),
      sample(s, "from i32", ir::Convert{s.dtype}, {{{DType::i32, {s.b()}}, Values::labels}}, 0)};
}
Samples samples(Of<ir::Negate>, const Setting& s) { return unary<ir::Negate>(s); }
Samples samples(Of<ir::Exp>, const Setting& s) { return unary<ir::Exp>(s); }
Samples samples(Of<ir::Log>, const Setting& s) { return unary<ir::Log>(s, Values::positive); }
Samples samples(Of<ir::SquareRoot>, const Setting& s) {
  return unary<ir::SquareRoot>(s, Values::positive);
}
Samples samples(Of<ir::Relu>, const Setting& s) { return unary<ir::Relu>(s); }
Samples samples(Of<ir::Step>, const Setting& s) { return unary<ir::Step>(s); }
Samples samples(Of<ir::Tanh>, const Setting& s) { return unary<ir::Tanh>(s); }
Samples samples(Of<ir::Add>, const Setting& s) { return binary<ir::Add>(s); }
Samples samples(Of<ir::Subtract>, const Setting& s) { return binary<ir::Subtract>(s); }
Samples samples(Of<ir::Multiply>, const Setting& s) { return binary<ir::Multiply>(s); }
Samples samples(Of<ir::Divide>, const Setting& s) {
  return binary<ir::Divide>(s, Values::away_from_zero);
}
Samples samples(Of<ir::Maximum>, const Setting& s) { return binary<ir::Maximum>(s); }

// The same elements elsewhere.

Samples samples(Of<ir::Broadcast>, const Setting& s) {
  const Operand bystander{s.type({s.b()})};
  return {
      sample(s, "a bias", ir::Broadcast{{1}, s.type({s.b(), 3, 2})}, {{s.type({3})}, bystander}, 0,
             1),
      sample(s, "a scalar", ir::Broadcast{{}, s.type({s.b(), 2})}, {{s.type({})}, bystander}, 0, 1),
      sample(s, "nothing new", ir::Broadcast{{0, 1}, s.type({s.b(), 2})}, {{s.type({s.b(), 2})}},
             0)};
}

Samples samples(Of<ir::Reshape>, const Setting& s) {
  return {sample(s, "flatten", ir::Reshape{s.type({s.b(), 6})}, {{s.type({s.b(), 2, 3})}}, 0),
          sample(s, "a scalar", ir::Reshape{s.type({})}, {{s.type({1, 1})}}, 0)};
}

Samples samples(Of<ir::Transpose>, const Setting& s) {
  return {sample(s, "three dimensions", ir::Transpose{{2, 0, 1}}, {{s.type({s.b(), 2, 4})}}, 0),
          sample(s, "a scalar", ir::Transpose{}, {{s.type({})}}, 0)};
}

Samples samples(Of<ir::Reorder>, const Setting& s) {
  auto channels_last = sample(s, "channels last", ir::Reorder{}, {{s.type({s.b(), 3, 2, 2})}}, 0);
  channels_last.program.nodes[channels_last.node].layouts = {ir::Layout{"acdb"}};
  return {channels_last};
}

// Along dimensions.

template <typename O>
Samples reductions(const Setting& s) {
  return {sample(s, "over rows", O{2, {1}}, {{s.type({s.b(), 5})}}, 1),
          sample(s, "over columns", O{3, {0, 2}}, {{s.type({s.b(), 2, 3})}}, 1),
          sample(s, "over everything", O{2, {0, 1}}, {{s.type({s.b(), 3})}}, 1),
          sample(s, "over nothing", O{1, {}}, {{s.type({s.b()})}}, 1)};
}

Samples samples(Of<ir::Sum>, const Setting& s) { return reductions<ir::Sum>(s); }
Samples samples(Of<ir::Max>, const Setting& s) { return reductions<ir::Max>(s); }
Samples samples(Of<ir::Extent>, const Setting& s) {
  return {sample(s, "the batch", ir::Extent{{0}}, {{s.type({s.b(), 5})}}, 0)};
}
Samples samples(Of<ir::ArgMax>, const Setting& s) {
  return {sample(s, "classes", ir::ArgMax{}, {{s.type({s.b(), 7})}}, 1),
          sample(s, "one class", ir::ArgMax{}, {{s.type({s.b(), 1})}}, 1)};
}
Samples samples(Of<ir::Gather>, const Setting& s) {
  return {sample(s, "rows, some of no table", ir::Gather{},
                 {{s.type({4, 3})}, {{DType::i32, {s.b()}}, Values::labels}}, 0)};
}
Samples samples(Of<ir::ScatterAdd>, const Setting& s) {
  return {sample(s, "rows, some of no table", ir::ScatterAdd{4},
                 {{{DType::i32, {s.b()}}, Values::labels}, {s.type({s.b(), 3})}}, 1)};
}
Samples samples(Of<ir::OneHot>, const Setting& s) {
  return {sample(s, "labels", ir::OneHot{4}, {{{DType::i32, {s.b()}}, Values::labels}}, 0)};
}
template <typename O>
Samples normalised(const Setting& s) {
  return {sample(s, "logits", O{}, {{s.type({s.b(), 5})}}, 5),
          sample(s, "one class", O{}, {{s.type({s.b(), 1})}}, 5),
          sample(s, "a vector", O{}, {{s.type({4})}}, 5)};
}
Samples samples(Of<ir::Softmax>, const Setting& s) { return normalised<ir::Softmax>(s); }
Samples samples(Of<ir::LogSoftmax>, const Setting& s) { return normalised<ir::LogSoftmax>(s); }

// Contractions and windows.

Samples samples(Of<ir::MatMul>, const Setting& s) {
  Samples all;
  for (const bool left : {false, true})
    for (const bool right : {false, true}) {
      const Operand lhs{left ? s.type({4, s.b()}) : s.type({s.b(), 4})};
      const Operand rhs{right ? s.type({5, 4}) : s.type({4, 5})};
      all.push_back(sample(s, std::string(left ? "lhs" : "") + (right ? "rhs" : "") + " transposed",
                           ir::MatMul{left, right}, {lhs, rhs}, 2));
    }
  all.push_back(
      sample(s, "batched", ir::MatMul{}, {{s.type({s.b(), 2, 3})}, {s.type({s.b(), 3, 1})}}, 2));
  return all;
}

struct ConvolutionCase {
  const char* what;
  std::vector<std::int64_t> stride, padding;
  std::int64_t channels, filters, height, width, kernel_height, kernel_width;

  std::int64_t rows() const { return (height + 2 * padding[0] - kernel_height) / stride[0] + 1; }
  std::int64_t columns() const { return (width + 2 * padding[1] - kernel_width) / stride[1] + 1; }
  ir::Type images(const Setting& s) const { return s.type({s.b(), channels, height, width}); }
  ir::Type weights(const Setting& s) const {
    return s.type({filters, channels, kernel_height, kernel_width});
  }
  ir::Type outputs(const Setting& s) const { return s.type({s.b(), filters, rows(), columns()}); }
};

std::vector<ConvolutionCase> convolution_cases() {
  return {{"plain", {1, 1}, {0, 0}, 2, 3, 4, 5, 3, 2},
          {"padded", {1, 1}, {1, 2}, 1, 2, 3, 3, 3, 5},
          {"strided, with a remainder", {2, 3}, {0, 0}, 2, 1, 6, 7, 3, 3},
          {"strided and padded", {2, 2}, {1, 1}, 1, 1, 5, 4, 3, 3},
          {"one by one", {1, 1}, {0, 0}, 3, 2, 2, 1, 1, 1}};
}

template <typename F>
Samples convolutions(F&& make) {
  Samples all;
  for (const auto& c : convolution_cases()) {
    all.push_back(make(c));
    all.back().padded = c.padding != std::vector<std::int64_t>{0, 0};
  }
  return all;
}

Samples samples(Of<ir::Convolution>, const Setting& s) {
  return convolutions([&](const ConvolutionCase& c) {
    return sample(s, c.what, ir::Convolution{c.stride, c.padding}, {{c.images(s)}, {c.weights(s)}},
                  2);
  });
}

Samples samples(Of<ir::ConvolutionInputGradient>, const Setting& s) {
  return convolutions([&](const ConvolutionCase& c) {
    return sample(s, c.what, ir::ConvolutionInputGradient{c.stride, c.padding, c.images(s)},
                  {{c.outputs(s)}, {c.weights(s)}}, 2);
  });
}

Samples samples(Of<ir::ConvolutionWeightGradient>, const Setting& s) {
  return convolutions([&](const ConvolutionCase& c) {
    return sample(s, c.what, ir::ConvolutionWeightGradient{c.stride, c.padding, c.weights(s)},
                  {{c.images(s)}, {c.outputs(s)}}, 2);
  });
}

Samples samples(Of<ir::MaxPool>, const Setting& s) {
  Samples all = {
      sample(s, "halving", ir::MaxPool{}, {{s.type({s.b(), 2, 4, 5})}}, 1),
      sample(s, "overlapping", ir::MaxPool{{3, 2}, {1, 1}, {0, 0}}, {{s.type({s.b(), 1, 4, 3})}},
             1),
      sample(s, "padded", ir::MaxPool{{3, 3}, {2, 2}, {1, 1}}, {{s.type({s.b(), 1, 5, 5})}}, 1)};
  all.back().padded = true;
  return all;
}

Samples samples(Of<ir::MaxPoolGradient>, const Setting& s) {
  Samples all = {sample(s, "halving", ir::MaxPoolGradient{},
                        {{s.type({s.b(), 2, 4, 5})}, {s.type({s.b(), 2, 2, 2})}}, 2),
                 sample(s, "overlapping", ir::MaxPoolGradient{{3, 2}, {1, 1}, {0, 0}},
                        {{s.type({s.b(), 1, 4, 3})}, {s.type({s.b(), 1, 2, 2})}}, 2),
                 sample(s, "padded", ir::MaxPoolGradient{{3, 3}, {2, 2}, {1, 1}},
                        {{s.type({s.b(), 1, 5, 5})}, {s.type({s.b(), 1, 3, 3})}}, 2)};
  all.back().padded = true;
  return all;
}

// Inner programs.

ir::Region relu_of_sum(const Setting& s) {
  ir::Builder b("relu_of_sum");
  const auto x = b.input("x", s.type({s.b(), 4})), y = b.input("y", s.type({s.b(), 4}));
  b.output("z", b(ir::Relu{}, {b(ir::Add{}, {x, y})}));
  return ir::Region(b.finish());
}

ir::Region product_and_sums(const Setting& s) {
  ir::Builder b("product_and_sums");
  const auto x = b.input("x", s.type({s.b(), 4})), y = b.input("y", s.type({s.b(), 4}));
  const auto product = b(ir::Multiply{}, {x, y});
  b.output("product", product);
  b.output("rows", b(ir::Sum{2, {1}}, {product}));
  b.output("all", b(ir::Sum{2, {0, 1}}, {product}));
  return ir::Region(b.finish());
}

template <typename O>
ir::Region elementwise_body(const Setting& s) {
  ir::Builder b("body");
  b.output("y", b(O{}, {b.input("x", s.type({s.b(), 4}))}));
  return ir::Region(b.finish());
}

Samples samples(Of<ir::Fused>, const Setting& s) {
  return {sample(s, "relu of a sum", ir::Fused{relu_of_sum(s)},
                 {{s.type({s.b(), 4})}, {s.type({s.b(), 4})}}, 1),
          sample(s, "a product and its sums", ir::Fused{product_and_sums(s)},
                 {{s.type({s.b(), 4})}, {s.type({s.b(), 4})}}, 1)};
}

Samples samples(Of<ir::If>, const Setting& s) {
  const Operand flag{{DType::boolean, {}}, Values::flag};
  return {sample(s, "exp or negate",
                 ir::If{elementwise_body<ir::Exp>(s), elementwise_body<ir::Negate>(s)},
                 {flag, {s.type({s.b(), 4})}}, 1)};
}

Samples samples(Of<ir::Repeat>, const Setting& s) {
  return {sample(s, "exp three times", ir::Repeat{3, elementwise_body<ir::Exp>(s)},
                 {{s.type({s.b(), 4})}}, 1)};
}

// Between ranks: in a group of one, where that is possible.

template <typename O>
Samples alone(const Setting& s, const O& op) {
  return {sample(s, "one rank", op, {{s.type({s.b(), 4, 2})}}, 0)};
}

Samples samples(Of<ir::Token>, const Setting& s) {
  return {sample(s, "a first token", ir::Token{"data"}, {}, 0)};
}
Samples samples(Of<ir::AllReduce>, const Setting& s) {
  Samples all = alone(s, ir::AllReduce{"data", 1, ir::Reduction::sum});
  all.push_back(alone(s, ir::AllReduce{"data", 1, ir::Reduction::max})[0]);
  return all;
}
Samples samples(Of<ir::AllGather>, const Setting& s) {
  return alone(s, ir::AllGather{"data", 1, 1});
}
Samples samples(Of<ir::ReduceScatter>, const Setting& s) {
  Samples all = alone(s, ir::ReduceScatter{"data", 1, 1, ir::Reduction::sum});
  all.push_back(alone(s, ir::ReduceScatter{"data", 1, 1, ir::Reduction::max})[0]);
  return all;
}
Samples samples(Of<ir::AllToAll>, const Setting& s) {
  return alone(s, ir::AllToAll{"data", 1, 1, 2});
}
Samples samples(Of<ir::Send>, const Setting& s) {
  return {sample(s, "to a neighbour", ir::Send{"pipe", 2, 1}, {{s.type({s.b(), 4})}}, 0)};
}
Samples samples(Of<ir::Recv>, const Setting& s) {
  return {sample(s, "from a neighbour", ir::Recv{"pipe", 2, 1, s.type({s.b(), 4})},
                 {{s.type({s.b()})}}, 0, 0)};
}

template <typename... O>
std::vector<SampledOperator> sampled(std::variant<O...>* /*list*/) {
  return {{std::string(O::name), [](const Setting& s) { return samples(Of<O>{}, s); }}...};
}

}  // namespace

std::vector<ir::Value> make_gradients(ir::Builder& build, const Sample& sample) {
  const ir::Node node = build.program().nodes[sample.node];
  std::vector<ir::Value> gradients;
  for (std::uint32_t i = 0; i < node.results.size(); ++i)
    gradients.push_back(ir::is_token(node.results[i])
                            ? ir::Value{sample.node, i}
                            : build.input("weight" + std::to_string(i), node.results[i]));
  return gradients;
}

Tensor distinct_values(const ir::Type& type, std::uint64_t number) {
  return make_argument({type}, 0, number);
}

Samples SampledOperator::runnable(const Setting& setting) const {
  Samples all = samples(setting);
  std::erase_if(all,
                [](const Sample& one) { return ir::ranks(one.program.nodes[one.node].op) > 1; });
  return all;
}

const std::vector<SampledOperator>& operators() {
  static const auto list = sampled(static_cast<ir::Op*>(nullptr));
  return list;
}

}  // namespace gnomon::exec::samples
