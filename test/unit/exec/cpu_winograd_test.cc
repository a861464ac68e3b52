// Winograd's convolutions against the definition, in f64, and who is asked to run what.

#include "exec/cpu/winograd.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "exec/cpu/kernels.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"
#include "exec/layout_conversion.h"
#include "exec/reference/evaluate.h"
#include "ir/builder.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

const Device& device() {
  static const Device made;
  return made;
}

Tensor uniform(const ir::Type& type, std::uint64_t seed) {
  Tensor value(type.dtype, ir::bound_shape(type.dims));
  const Random random(seed, "values");
  std::uint64_t i = 0;
  for (auto& x : value.span<float>()) x = static_cast<float>(2 * random.uniform(i++) - 1);
  return value;
}

Tensor magnitude(const Tensor& tensor) {
  Tensor wide = convert(tensor, DType::f64);
  for (auto& x : wide.span<double>()) x = std::abs(x);
  return wide;
}

// A node alone, its operands and how they lie.
struct Case {
  ir::Node node;
  std::vector<ir::Type> types;
  std::vector<std::string> layouts;
  std::string result_layout;
  int threads = 1;
  bool constant = false;  // the second operand

  Site site() const {
    Site site{node, {}, {{node.results[0], {result_layout}}}, threads};
    for (std::size_t i = 0; i < types.size(); ++i)
      site.operands.push_back({types[i], {layouts[i]}, constant && i == 1});
    return site;
  }
};

Case make_case(ir::Op op, std::vector<ir::Type> types, std::vector<std::string> layouts,
               std::string result_layout, int threads) {
  ir::Node node{std::move(op), std::vector<ir::Value>(types.size()), {}, {}, {}};
  node.results = ir::infer(node.op, types);
  return {std::move(node), std::move(types), std::move(layouts), std::move(result_layout), threads};
}

// What the kernel leaves in a result that was full of NaN.
Tensor run(Kernel& kernel, const Case& c, const std::vector<Tensor>& values) {
  const PoolSize pool(c.threads);
  std::vector<Buffer> memory;
  for (std::size_t i = 0; i < values.size(); ++i)
    memory.push_back(from_row_major(values[i], {c.layouts[i]}));
  const auto& type = c.node.results[0];
  Buffer result(static_cast<std::size_t>(ir::stored_bytes(type, {c.result_layout}).value));
  std::fill_n(result.data(), result.size(), std::byte{0xff});
  std::vector<std::byte*> operands;
  for (auto& buffer : memory) operands.push_back(buffer.data());
  std::byte* results[] = {result.data()};
  Buffer scratch(kernel.scratch_bytes());
  std::fill_n(scratch.data(), scratch.size(), std::byte{0xff});
  kernel.run({operands.data(), results, scratch.data()});
  return to_row_major({result.data(), result.size()}, type.dtype, ir::bound_shape(type.dims),
                      {c.result_layout});
}

Tensor defined(const Case& c, const std::vector<Tensor>& wide) {
  ir::Node node = c.node;
  std::vector<const Tensor*> pointers;
  for (const auto& value : wide) pointers.push_back(&value);
  for (auto& result : node.results) result.dtype = DType::f64;
  if (auto* gradient = std::get_if<ir::ConvolutionInputGradient>(&node.op))
    gradient->type.dtype = DType::f64;
  if (auto* gradient = std::get_if<ir::ConvolutionWeightGradient>(&node.op))
    gradient->type.dtype = DType::f64;
  return evaluate_node(node, pointers)[0];
}

// What is defined, and Σ|aᵢbᵢ|, in f64.
struct Expected {
  Tensor value, scale;
};

Expected expected(const Case& c, const std::vector<Tensor>& values) {
  std::vector<Tensor> wide, magnitudes;
  for (const auto& value : values) {
    wide.push_back(convert(value, DType::f64));
    magnitudes.push_back(magnitude(value));
  }
  return {defined(c, wide), defined(c, magnitudes)};
}

// The largest error as a share of Σ|aᵢbᵢ|.
double worst_error(const Tensor& got, const Expected& expected) {
  const Tensor wide = convert(got, DType::f64);
  double worst = 0;
  for (std::size_t i = 0; i < wide.span<double>().size(); ++i) {
    const double error = std::abs(wide.span<double>()[i] - expected.value.span<double>()[i]);
    if (std::isnan(error)) return error;
    worst = std::max(worst, error / expected.scale.span<double>()[i]);
  }
  return worst;
}

struct Geometry {
  std::int64_t images, in, out, height, width, above, left;
};

// Whole and cut tiles, full and odd numbers of vectors, more and fewer tiles than a block.
constexpr Geometry geometries[] = {
    {8, 16, 16, 12, 12, 1, 1}, {5, 16, 48, 16, 16, 1, 1}, {3, 32, 16, 23, 19, 0, 1},
    {5, 48, 32, 14, 15, 2, 0}, {8, 64, 64, 12, 11, 1, 1}, {1, 16, 80, 34, 37, 2, 2},
    {8, 80, 16, 10, 14, 1, 2},
};

std::string channels_in_vectors() { return fmt::format("aBcd{}b", vector_lanes()); }

std::vector<Case> cases_of(const Geometry& g, const std::string& layout, int threads) {
  const std::vector<std::int64_t> padding{g.above, g.left};
  const std::int64_t rows = g.height + 2 * g.above - 2, columns = g.width + 2 * g.left - 2;
  const ir::Type images{DType::f32, {g.images, g.in, g.height, g.width}};
  const ir::Type weights{DType::f32, {g.out, g.in, 3, 3}};
  const ir::Type outputs{DType::f32, {g.images, g.out, rows, columns}};
  return {
      make_case(ir::Convolution{{1, 1}, padding}, {images, weights}, {layout, ""}, layout, threads),
      make_case(ir::ConvolutionInputGradient{{1, 1}, padding, images}, {outputs, weights},
                {layout, ""}, layout, threads),
      make_case(ir::ConvolutionWeightGradient{{1, 1}, padding, weights}, {images, outputs},
                {layout, layout}, "", threads)};
}

std::vector<Tensor> values_of(const Case& c) {
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < c.types.size(); ++i) values.push_back(uniform(c.types[i], 7 + i));
  return values;
}

bool has_vectors() { return vector_lanes() != 0; }

TEST(CpuWinograd, AgreesWithTheDefinitionInEveryShape) {
  if (!has_vectors()) GTEST_SKIP() << "no vectors on this processor";
  for (const auto& g : geometries)
    for (std::size_t kind = 0; kind < 3; ++kind) {
      const auto values = values_of(cases_of(g, "acdb", 1)[kind]);
      const auto right = expected(cases_of(g, "acdb", 1)[kind], values);
      for (const auto& layout : {channels_in_vectors(), std::string("acdb")})
        for (const int threads : {1, 2, 3}) {
          const Case c = cases_of(g, layout, threads)[kind];
          SCOPED_TRACE(fmt::format("{} {}→{} {}×{}, padding {} {}, {}, {} threads",
                                   ir::name(c.node.op), g.in, g.out, g.height, g.width, g.above,
                                   g.left, layout, threads));
          const auto kernel = make_kernel(c.site(), device());
          ASSERT_EQ(kernel->implementation().substr(0, 8), "winograd");
          EXPECT_LT(worst_error(run(*kernel, c, values), right), 5e-6);
        }
    }
}

TEST(CpuWinograd, AddsABiasAndRectifies) {
  if (!has_vectors()) GTEST_SKIP() << "no vectors on this processor";
  ir::Builder b("shifted_and_rectified");
  const auto convolution = cases_of({4, 16, 32, 16, 16, 1, 1}, channels_in_vectors(), 2)[0];
  const ir::Type& outputs = convolution.node.results[0];
  const ir::Type bias{DType::f32, {32}};
  const auto images = b.input("x", convolution.types[0]),
             weights = b.input("w", convolution.types[1]);
  const auto shift = b.input("b", bias);
  const auto product = b(convolution.node.op, {images, weights});
  b.output("y", b(ir::Relu{}, {b(ir::Add{}, {product, b(ir::Broadcast{{1}, outputs}, {shift})})}));
  Case c = make_case(ir::Fused{ir::Region(b.finish())},
                     {convolution.types[0], convolution.types[1], bias},
                     {convolution.layouts[0], "", ""}, convolution.result_layout, 2);
  const auto kernel = make_kernel(c.site(), device());
  ASSERT_EQ(kernel->implementation().substr(0, 8), "winograd");
  const auto values = values_of(c);
  std::vector<const Tensor*> pointers;
  for (const auto& value : values) pointers.push_back(&value);
  const Tensor got = run(*kernel, c, values), expected = evaluate_node(c.node, pointers)[0];
  std::int64_t zeros = 0;
  for (std::size_t i = 0; i < got.span<float>().size(); ++i) {
    ASSERT_NEAR(got.span<float>()[i], expected.span<float>()[i], 1e-4) << i;
    zeros += got.span<float>()[i] == 0;
  }
  EXPECT_GT(zeros, got.count() / 4);
}

TEST(CpuWinograd, RemembersConstantWeightsUntilTheyChange) {
  if (!has_vectors()) GTEST_SKIP() << "no vectors on this processor";
  Case c = cases_of({4, 16, 16, 16, 16, 1, 1}, channels_in_vectors(), 1)[0];
  c.constant = true;
  const auto kernel = make_kernel(c.site(), device());
  auto values = values_of(c);
  const Tensor before = run(*kernel, c, values);
  values[1] = uniform(c.types[1], 99);
  EXPECT_EQ(run(*kernel, c, values), before);
  kernel->refresh();
  EXPECT_LT(worst_error(run(*kernel, c, values), expected(c, values)), 1e-6);
}

TEST(CpuWinograd, GivesTheSameBitsAgain) {
  if (!has_vectors()) GTEST_SKIP() << "no vectors on this processor";
  for (const auto& c : cases_of(geometries[6], channels_in_vectors(), 2)) {
    const auto kernel = make_kernel(c.site(), device());
    const auto values = values_of(c);
    EXPECT_EQ(run(*kernel, c, values), run(*kernel, c, values)) << ir::name(c.node.op);
  }
}

TEST(CpuWinograd, LeavesToOneDnnWhatItDoesNotFit) {
  const auto implementation = [](const Case& c) {
    return make_kernel(c.site(), device())->implementation().substr(0, 6);
  };
  const auto forward = [&](const Geometry& g, const std::string& layout) {
    return implementation(cases_of(g, layout, 1)[0]);
  };
  EXPECT_EQ(forward({8, 3, 16, 12, 12, 1, 1}, ""), "onednn") << "few channels";
  EXPECT_EQ(forward({8, 16, 16, 12, 12, 1, 1}, ""), "onednn") << "channels apart";
  EXPECT_EQ(forward({8, 16, 16, 12, 12, 3, 3}, "acdb"), "onednn") << "results of padding";
  EXPECT_EQ(forward({1, 16, 16, 12, 12, 1, 1}, "acdb"), "onednn") << "few tiles";
  EXPECT_EQ(forward({64, 16, 16, 5, 5, 1, 1}, "acdb"), "onednn") << "tiles hardly filled";
  const ir::Type images{DType::f32, {8, 16, 12, 12}};
  EXPECT_EQ(
      implementation(make_case(ir::Convolution{{2, 2}, {1, 1}},
                               {images, {DType::f32, {16, 16, 3, 3}}}, {"acdb", ""}, "acdb", 1)),
      "onednn")
      << "strides";
  EXPECT_EQ(
      implementation(make_case(ir::Convolution{{1, 1}, {2, 2}},
                               {images, {DType::f32, {16, 16, 5, 5}}}, {"acdb", ""}, "acdb", 1)),
      "onednn")
      << "5×5";
}

}  // namespace
}  // namespace gnomon::exec::cpu
