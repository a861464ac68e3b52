// Small known answers for each family of operators.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "exec/reference/evaluate.h"
#include "ir/builder.h"
#include "ir/op_info.h"

namespace gnomon::exec {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

template <typename T = float>
Tensor tensor(Shape shape, std::vector<T> values) {
  return Tensor::of<T>(std::move(shape), values);
}

Tensor flag(bool value) { return Tensor::scalar(value); }

Tensor evaluate(const ir::Op& op, const std::vector<Tensor>& operands) {
  ir::Node node{op, {}, {}, {}, {}};
  std::vector<ir::Type> types;
  std::vector<const Tensor*> pointers;
  for (const auto& operand : operands) {
    types.push_back({operand.dtype(), {operand.shape().begin(), operand.shape().end()}});
    pointers.push_back(&operand);
  }
  node.results = ir::infer(op, types);
  return evaluate_node(node, pointers).at(0);
}

std::vector<float> numbers(const ir::Op& op, const std::vector<Tensor>& operands) {
  const Tensor result = convert(evaluate(op, operands), DType::f32);
  return {result.span<float>().begin(), result.span<float>().end()};
}

using Floats = std::vector<float>;

TEST(ReferenceOperator, ElementWise) {
  const auto x = tensor({3}, {-1, 0, 4}), y = tensor({3}, {2, 5, -8});
  EXPECT_EQ(numbers(ir::Negate{}, {x}), (Floats{1, 0, -4}));
  EXPECT_EQ(numbers(ir::Step{}, {x}), (Floats{0, 0, 1}));
  EXPECT_EQ(numbers(ir::Relu{}, {x}), (Floats{0, 0, 4}));
  EXPECT_EQ(numbers(ir::Add{}, {x, y}), (Floats{1, 5, -4}));
  EXPECT_EQ(numbers(ir::Subtract{}, {x, y}), (Floats{-3, -5, 12}));
  EXPECT_EQ(numbers(ir::Multiply{}, {x, y}), (Floats{-2, 0, -32}));
  EXPECT_EQ(numbers(ir::Divide{}, {x, y}), (Floats{-0.5f, 0, -0.5f}));
  EXPECT_EQ(numbers(ir::Maximum{}, {x, y}), (Floats{2, 5, 4}));
  EXPECT_EQ(numbers(ir::SquareRoot{}, {tensor({2}, {9, 2})}), (Floats{3, std::sqrt(2.0f)}));
  EXPECT_EQ(numbers(ir::Exp{}, {tensor({2}, {0, 1})}), (Floats{1, std::exp(1.0f)}));
  EXPECT_EQ(numbers(ir::Log{}, {tensor({2}, {1, 0})}), (Floats{0, -infinity}));
}

TEST(ReferenceOperator, ReluKeepsNan) {
  const auto y = numbers(ir::Relu{}, {tensor({2}, {nan, -infinity})});
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
}

TEST(ReferenceOperator, MovingElements) {
  const auto x = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(numbers(ir::Transpose{{1, 0}}, {x}), (Floats{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(numbers(ir::Reshape{{DType::f32, {3, 2}}}, {x}), (Floats{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(numbers(ir::Broadcast{{1}, {DType::f32, {2, 2}}}, {tensor({2}, {7, 8})}),
            (Floats{7, 8, 7, 8}));
  EXPECT_EQ(numbers(ir::Broadcast{{0}, {DType::f32, {2, 2}}}, {tensor({2}, {7, 8})}),
            (Floats{7, 7, 8, 8}));
  // Dimension i of the result is dimension permutation[i] of the operand.
  EXPECT_EQ(evaluate(ir::Transpose{{2, 0, 1}}, {Tensor(DType::f32, {2, 3, 4})}).shape(),
            (Shape{4, 2, 3}));
}

TEST(ReferenceOperator, Reductions) {
  const auto x = tensor({2, 3}, {1, 7, 3, 4, 5, 6});
  EXPECT_EQ(numbers(ir::Sum{2, {0}}, {x}), (Floats{5, 12, 9}));
  EXPECT_EQ(numbers(ir::Sum{2, {1}}, {x}), (Floats{11, 15}));
  EXPECT_EQ(numbers(ir::Max{2, {1}}, {x}), (Floats{7, 6}));
  EXPECT_EQ(numbers(ir::Max{2, {0, 1}}, {x}), (Floats{7}));
  EXPECT_EQ(numbers(ir::Extent{{0, 1}}, {x}), (Floats{6}));
  const Tensor nothing(DType::f32, {0, 2});
  EXPECT_EQ(numbers(ir::Sum{2, {0}}, {nothing}), (Floats{0, 0}));
  EXPECT_EQ(numbers(ir::Max{2, {0}}, {nothing}), (Floats{-infinity, -infinity}));
}

TEST(ReferenceOperator, ClassesAndLabels) {
  const auto x = tensor({2, 3}, {1, 7, 7, 9, -1, nan});
  EXPECT_EQ(evaluate(ir::ArgMax{}, {x}), (tensor<std::int32_t>({2}, {1, 0})));
  EXPECT_EQ(numbers(ir::OneHot{3}, {tensor<std::int32_t>({4}, {2, 0, -1, 3})}),
            (Floats{0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(ReferenceOperator, SoftmaxOfLargeNumbersIsFinite) {
  EXPECT_EQ(numbers(ir::Softmax{}, {tensor({2, 2}, {1000, 1000, 0, -1000})}),
            (Floats{0.5f, 0.5f, 1, 0}));
  EXPECT_EQ(numbers(ir::LogSoftmax{}, {tensor({1, 2}, {1000, 0})}), (Floats{0, -1000}));
}

TEST(ReferenceOperator, MatMul) {
  const auto a = tensor({2, 3}, {1, 2, 3, 4, 5, 6}), b = tensor({3, 2}, {1, 0, 0, 1, 2, 3});
  EXPECT_EQ(numbers(ir::MatMul{}, {a, b}), (Floats{7, 11, 16, 23}));
  EXPECT_EQ(numbers(ir::MatMul{false, true}, {a, tensor({2, 3}, {1, 0, 2, 0, 1, 3})}),
            (Floats{7, 11, 16, 23}));
  EXPECT_EQ(numbers(ir::MatMul{true, false}, {tensor({3, 2}, {1, 4, 2, 5, 3, 6}), b}),
            (Floats{7, 11, 16, 23}));
}

// Written out independently of the index rule.
Tensor naive_convolution(const Tensor& images, const Tensor& weights, std::int64_t stride,
                         std::int64_t padding) {
  const auto& i = images.shape();
  const auto& k = weights.shape();
  const auto rows = (i[2] + 2 * padding - k[2]) / stride + 1;
  const auto columns = (i[3] + 2 * padding - k[3]) / stride + 1;
  Tensor result(DType::f32, {i[0], k[0], rows, columns});
  float* out = result.span<float>().data();
  for (std::int64_t n = 0; n < i[0]; ++n)
    for (std::int64_t o = 0; o < k[0]; ++o)
      for (std::int64_t y = 0; y < rows; ++y)
        for (std::int64_t x = 0; x < columns; ++x, ++out)
          for (std::int64_t c = 0; c < i[1]; ++c)
            for (std::int64_t r = 0; r < k[2]; ++r)
              for (std::int64_t s = 0; s < k[3]; ++s) {
                const auto h = y * stride + r - padding, w = x * stride + s - padding;
                if (h < 0 || w < 0 || h >= i[2] || w >= i[3]) continue;
                *out += images.span<float>()[static_cast<std::size_t>(
                            ((n * i[1] + c) * i[2] + h) * i[3] + w)] *
                        weights.span<float>()[static_cast<std::size_t>(
                            ((o * i[1] + c) * k[2] + r) * k[3] + s)];
              }
  return result;
}

Tensor random_tensor(Shape shape, std::string_view stream) {
  Tensor result(DType::f32, std::move(shape));
  std::uint64_t index = 0;
  for (auto& value : result.span<float>())
    value = static_cast<float>(Random(1, stream).normal(index++));
  return result;
}

TEST(ReferenceOperator, ConvolutionIsTheNaiveLoop) {
  for (const std::int64_t stride : {1, 2, 3})
    for (const std::int64_t padding : {0, 1, 2}) {
      const auto images = random_tensor({2, 3, 7, 6}, "images");
      const auto weights = random_tensor({4, 3, 3, 2}, "weights");
      EXPECT_EQ(evaluate(ir::Convolution{{stride, stride}, {padding, padding}}, {images, weights}),
                naive_convolution(images, weights, stride, padding))
          << "stride " << stride << ", padding " << padding;
    }
}

TEST(ReferenceOperator, ConvolutionOfOneRow) {
  const auto image = tensor({1, 1, 1, 4}, {1, 2, 3, 4}), edge = tensor({1, 1, 1, 2}, {-1, 1});
  EXPECT_EQ(numbers(ir::Convolution{}, {image, edge}), (Floats{1, 1, 1}));
  EXPECT_EQ(numbers(ir::Convolution{{1, 1}, {0, 1}}, {image, edge}), (Floats{1, 1, 1, 1, -4}));
}

TEST(ReferenceOperator, MaxPoolAndTies) {
  const auto x = tensor({1, 1, 2, 4}, {5, 5, 1, 2, 5, 0, 4, 4});
  EXPECT_EQ(numbers(ir::MaxPool{}, {x}), (Floats{5, 4}));
  // Each gradient goes to the first maximum in row-major order.
  EXPECT_EQ(numbers(ir::MaxPoolGradient{}, {x, tensor({1, 1, 1, 2}, {10, 20})}),
            (Floats{10, 0, 0, 0, 0, 0, 20, 0}));
}

TEST(ReferenceOperator, PaddingNeverWinsAPool) {
  const auto x = tensor({1, 1, 1, 2}, {-3, -5});
  EXPECT_EQ(numbers(ir::MaxPool{{1, 2}, {1, 1}, {0, 1}}, {x}), (Floats{-3, -3, -5}));
  EXPECT_EQ(
      numbers(ir::MaxPoolGradient{{1, 2}, {1, 1}, {0, 1}}, {x, tensor({1, 1, 1, 3}, {1, 2, 4})}),
      (Floats{3, 4}));
}

TEST(ReferenceOperator, Bf16IsRoundedAfterEveryOperatorButSummedInF32) {
  const auto bf16 = [](std::vector<float> values) {
    return convert(Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values),
                   DType::bf16);
  };
  // 1 + 2^-9 is half-way between no two bf16 numbers: it rounds down to 1; 1 + 3·2^-8 is a tie.
  EXPECT_EQ(numbers(ir::Add{}, {bf16({1, 1}), bf16({0x1p-9f, 0x3p-8f})}), (Floats{1, 1 + 0x1p-6f}));
  // 256 ones and 1/2: every partial sum fits f32, in bf16 arithmetic it would stall at 256.
  std::vector<float> many(300, 1);
  EXPECT_EQ(numbers(ir::Sum{1, {0}}, {bf16(many)}), (Floats{300}));
}

TEST(ReferenceOperator, ConversionsRoundAndSaturate) {
  EXPECT_EQ(evaluate(ir::Convert{DType::i8}, {tensor({5}, {2.5f, 3.5f, -0.6f, 1000, -1000})}),
            (tensor<std::int8_t>({5}, {2, 4, -1, 127, -128})));
  EXPECT_EQ(evaluate(ir::Convert{DType::i32}, {tensor({1}, {nan})}),
            (tensor<std::int32_t>({1}, {0})));
}

TEST(ReferenceOperator, IntegersAreExactAndSaturate) {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto x = tensor<std::int64_t>({3}, {most, most - 1, -5});
  EXPECT_EQ(evaluate(ir::Add{}, {x, tensor<std::int64_t>({3}, {1, 1, -7})}),
            (tensor<std::int64_t>({3}, {most, most, -12})));
  EXPECT_EQ(evaluate(ir::Multiply{},
                     {tensor<std::int8_t>({2}, {100, -3}), tensor<std::int8_t>({2}, {2, 5})}),
            (tensor<std::int8_t>({2}, {127, -15})));
  EXPECT_EQ(evaluate(ir::Negate{}, {tensor<std::uint8_t>({1}, {3})}),
            (tensor<std::uint8_t>({1}, {0})));
  EXPECT_THROW(evaluate(ir::Exp{}, {x}), InputError);
}

TEST(ReferenceOperator, RandomNumbersDependOnSeedStepStreamAndIndex) {
  const auto draw = [](ir::RandomUniform op, std::int64_t step) {
    return numbers(op, {Tensor::scalar(step)});
  };
  const ir::RandomUniform op{1, 2, {DType::f32, {4, 6}}};
  const auto all = draw(op, 3);
  EXPECT_EQ(draw(op, 3), all);
  EXPECT_NE(draw(op, 4), all);
  EXPECT_NE(draw({2, 2, op.type}, 3), all);
  EXPECT_NE(draw({1, 3, op.type}, 3), all);
  EXPECT_NE(draw({2, 1, op.type}, 3), all);
  // The number of other elements, and the shape around them, change nothing.
  const auto flat = draw({1, 2, {DType::f32, {24}}}, 3);
  EXPECT_EQ(flat, all);
  EXPECT_EQ(draw({1, 2, {DType::f32, {7}}}, 3), Floats(all.begin(), all.begin() + 7));
}

TEST(ReferenceOperator, RandomNumbersStayBelowOne) {
  for (const auto type : {DType::f32, DType::bf16}) {
    double sum = 0;
    const auto all =
        numbers(ir::RandomUniform{5, 0, {type, {20000}}}, {Tensor::scalar<std::int64_t>(0)});
    for (const float x : all) {
      ASSERT_GE(x, 0);
      ASSERT_LT(x, 1);
      sum += static_cast<double>(x);
    }
    // Mean 1/2 less half a unit of the narrow type; five standard errors.
    EXPECT_NEAR(sum / 20000, type == DType::bf16 ? 0.5 - 0x1p-9 : 0.5, 5 * 0.2887 / std::sqrt(2e4));
  }
}

ir::Region plus(float amount) {
  ir::Builder b("plus");
  const auto x = b.input("x", {DType::f32, {2}});
  b.output("y", b(ir::Add{}, {x, b.full_like(x, static_cast<double>(amount))}));
  return ir::Region(b.finish());
}

TEST(ReferenceOperator, InnerPrograms) {
  const auto x = tensor({2}, {1, 2});
  EXPECT_EQ(numbers(ir::Fused{plus(1)}, {x}), (Floats{2, 3}));
  EXPECT_EQ(numbers(ir::Repeat{4, plus(1)}, {x}), (Floats{5, 6}));
  EXPECT_EQ(numbers(ir::Repeat{0, plus(1)}, {x}), (Floats{1, 2}));
  EXPECT_EQ(numbers(ir::If{plus(1), plus(10)}, {flag(true), x}), (Floats{2, 3}));
  EXPECT_EQ(numbers(ir::If{plus(1), plus(10)}, {flag(false), x}), (Floats{11, 12}));
}

}  // namespace
}  // namespace gnomon::exec
