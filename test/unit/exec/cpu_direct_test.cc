// Our own direct convolutions against the definition, in f64, and who is asked to run what.

#include "exec/cpu/direct.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "cpu_contraction_case.h"
#include "exec/cpu/cpu.h"
#include "exec/cpu/direct_loops.h"
#include "exec/cpu/layouts.h"
#include "exec/cpu/tape_code.h"
#include "ir/builder.h"

namespace gnomon::exec::cpu {
namespace {

struct Geometry {
  std::int64_t images, in, out, height, width, kernel_height, kernel_width, above, left;
};

// LeNet's and ResNet's, enough for two threads; all widths of kernels; images narrower and wider
// than the pixels of one round; vectors by twos, with one left over, and cut; more padding than the
// kernel is high.
constexpr Geometry geometries[] = {
    {17, 1, 6, 28, 28, 5, 5, 2, 2}, {9, 6, 16, 14, 14, 5, 5, 0, 0}, {4, 3, 16, 17, 32, 3, 3, 1, 1},
    {2, 2, 40, 9, 7, 2, 7, 0, 3},   {3, 8, 24, 6, 33, 3, 1, 1, 0},  {2, 3, 13, 5, 3, 1, 3, 0, 1},
    {1, 4, 5, 8, 45, 7, 7, 3, 3},   {2, 20, 8, 6, 6, 3, 3, 1, 1},   {3, 1, 7, 2, 2, 3, 3, 4, 1},
    {2, 1, 16, 1, 1, 3, 3, 1, 1},
};

std::string layout_for(std::int64_t channels) {
  return vector_lanes() == 16 && channels > 8 ? "aBcd16b" : "aBcd8b";
}

// A convolution, and the gradient of its weights.
std::vector<Case> cases_of(const Geometry& g, int threads, DType dtype = DType::f32) {
  const std::vector<std::int64_t> padding{g.above, g.left};
  const std::int64_t rows = g.height + 2 * g.above - g.kernel_height + 1,
                     columns = g.width + 2 * g.left - g.kernel_width + 1;
  const ir::Type images{dtype, {g.images, g.in, g.height, g.width}};
  const ir::Type weights{dtype, {g.out, g.in, g.kernel_height, g.kernel_width}};
  const ir::Type outputs{dtype, {g.images, g.out, rows, columns}};
  const std::string layout = layout_for(g.out);
  return {make_case(ir::Convolution{{1, 1}, padding}, {images, weights}, {"", ""}, layout, threads),
          make_case(ir::ConvolutionWeightGradient{{1, 1}, padding, weights}, {images, outputs},
                    {"", layout}, "", threads)};
}

class CpuDirect : public VectorKernels {};

constexpr double tolerance = 5e-7;

TEST_F(CpuDirect, AgreesWithTheDefinitionInEveryShape) {
  for (const auto& g : geometries)
    for (std::size_t kind = 0; kind < 2; ++kind)
      for (const int threads : {1, 2, 3}) {
        const Case c = cases_of(g, threads)[kind];
        SCOPED_TRACE(fmt::format("{} {}→{} {}×{}, kernel {}×{}, padding {} {}, {} threads",
                                 ir::name(c.node.op), g.in, g.out, g.height, g.width,
                                 g.kernel_height, g.kernel_width, g.above, g.left, threads));
        EXPECT_LT(error_of("direct", c), tolerance);
      }
}

TEST_F(CpuDirect, TakesImagesAndWeightsInAnyLayout) {
  for (const std::string images : {"acdb", "aBcd8b", "aBcd16b", "cdab"})
    for (const std::string weights : {"cdba", "ABcd8b8a", "Acdb8a", "Abcd16a"}) {
      auto cases = cases_of(geometries[1], 2);
      cases[0].layouts = {images, weights};
      cases[1].layouts[0] = images;
      cases[1].result_layout = weights;
      for (const auto& c : cases) EXPECT_LT(error_of("direct", c), tolerance) << images << weights;
    }
}

TEST_F(CpuDirect, TakesResultsWhoseChannelsLieTogether) {
  auto cases = cases_of(geometries[1], 2);
  cases[0].result_layout = cases[1].layouts[1] = "acdb";
  for (const auto& c : cases) EXPECT_LT(error_of("direct", c), tolerance);
}

// A region: convolution, bias, relu.
Case with_epilogue(const Geometry& g, bool relu, DType dtype = DType::f32) {
  const Case plain = cases_of(g, 2, dtype)[0];
  const ir::Type& result = plain.node.results[0];
  ir::Builder b("epilogue");
  const auto x = b.input("x0", plain.types[0]), w = b.input("x1", plain.types[1]),
             bias = b.input("x2", {dtype, {g.out}});
  const auto sum = b(ir::Add{}, {b(plain.node.op, {x, w}), b(ir::Broadcast{{1}, result}, {bias})});
  b.output("y0", relu ? b(ir::Relu{}, {sum}) : sum);
  return make_case(ir::Fused{ir::Region(b.finish())},
                   {plain.types[0], plain.types[1], {dtype, {g.out}}}, {"", "", ""},
                   layout_for(g.out), 2);
}

TEST_F(CpuDirect, AddsABiasAndAppliesRelu) {
  for (const auto& g : geometries)
    for (const bool relu : {false, true}) {
      const Case c = with_epilogue(g, relu), plain = cases_of(g, 2)[0];
      const auto values = values_of(c);
      const auto kernel = make_kernel(c.site(), device());
      ASSERT_TRUE(is("direct", *kernel)) << kernel->implementation();
      Expected right = expected(plain, {values[0], values[1]});
      const auto value = right.value.span<double>(), scale = right.scale.span<double>();
      const auto pixels = static_cast<std::size_t>(right.value.shape()[2] * right.value.shape()[3]);
      for (std::size_t i = 0; i < value.size(); ++i) {
        const double bias = values[2].span<float>()[i / pixels % static_cast<std::size_t>(g.out)];
        value[i] += bias;
        scale[i] += std::abs(bias);
        if (relu) value[i] = std::max(value[i], 0.0);
      }
      EXPECT_LT(worst_error(run(*kernel, c, values), right), tolerance);
    }
}

// Padded layouts promise zeros, whatever the images hold; and what is not finite passes the relu.
TEST_F(CpuDirect, KeepsZerosBehindTheLastChannelAndPassesNan) {
  const Geometry g{2, 1, 6, 9, 9, 3, 3, 1, 1};
  const Case c = with_epilogue(g, true);
  auto values = values_of(c);
  values[0].span<float>()[40] = std::numeric_limits<float>::infinity();
  values[0].span<float>()[81 + 40] = std::numeric_limits<float>::quiet_NaN();
  const auto kernel = make_kernel(c.site(), device());
  const Buffer stored = run_stored(*kernel, c, values);
  const auto* const results = reinterpret_cast<const float*>(stored.data());
  for (std::int64_t pixel = 0; pixel < 2 * 81; ++pixel)
    for (std::int64_t lane = 6; lane < 8; ++lane) EXPECT_EQ(results[pixel * 8 + lane], 0);
  EXPECT_TRUE(std::isnan(results[(81 + 40) * 8]));
}

// What is stored in bf16 is what f32 gives, rounded once at the end.
TEST_F(CpuDirect, ComputesBf16InF32) {
  for (const auto& g : geometries) {
    std::vector<Case> narrow = cases_of(g, 2, DType::bf16), wide = cases_of(g, 2);
    narrow.push_back(with_epilogue(g, true, DType::bf16));
    wide.push_back(with_epilogue(g, true));
    for (std::size_t kind = 0; kind < narrow.size(); ++kind) {
      const auto values = values_of(narrow[kind]);
      std::vector<Tensor> widened;
      for (const auto& value : values) widened.push_back(convert(value, DType::f32));
      const auto kernel = make_kernel(narrow[kind].site(), device());
      ASSERT_TRUE(is("direct", *kernel)) << kernel->implementation();
      const Tensor in_f32 = run(*make_kernel(wide[kind].site(), device()), wide[kind], widened);
      EXPECT_EQ(run(*kernel, narrow[kind], values), convert(in_f32, DType::bf16));
    }
  }
}

TEST_F(CpuDirect, MixesElementTypes) {
  const Geometry g = geometries[1];
  Case c = cases_of(g, 2)[1];
  c.types[0].dtype = DType::bf16;
  EXPECT_LT(error_of("direct", c), tolerance);
  const Case plain = cases_of(g, 2, DType::bf16)[1];
  ir::Builder b("widened");
  const auto x = b.input("x0", plain.types[0]), y = b.input("x1", plain.types[1]);
  b.output("y0", b(ir::Convert{DType::f32}, {b(plain.node.op, {x, y})}));
  const Case widened =
      make_case(ir::Fused{ir::Region(b.finish())}, plain.types, plain.layouts, "", 2);
  const auto values = values_of(widened);
  const auto kernel = make_kernel(widened.site(), device());
  ASSERT_TRUE(is("direct", *kernel)) << kernel->implementation();
  EXPECT_LT(worst_error(run(*kernel, widened, values), expected(plain, values)), tolerance);
}

// Also where rounding would carry through all of NaN's bits.
TEST_F(CpuDirect, RoundsNanAndInfinityToThemselves) {
  const Case f32 = cases_of({1, 1, 8, 1, 3, 1, 3, 0, 1}, 1)[0];
  ir::Builder b("rounded");
  const auto x = b.input("x0", f32.types[0]), w = b.input("x1", f32.types[1]);
  b.output("y0", b(ir::Convert{DType::bf16}, {b(f32.node.op, {x, w})}));
  const Case c =
      make_case(ir::Fused{ir::Region(b.finish())}, f32.types, f32.layouts, f32.result_layout, 1);
  const auto kernel = make_kernel(c.site(), device());
  ASSERT_TRUE(is("direct", *kernel)) << kernel->implementation();
  auto values = values_of(c);
  for (auto& weight : values[1].span<float>()) weight = 1;
  for (const std::uint32_t bits :
       {0x7fffffffU, 0xffffffffU, 0x7f800001U, 0x7f800000U, 0xff800000U}) {
    const auto odd = std::bit_cast<float>(bits);
    values[0].span<float>()[1] = odd;
    const Tensor result = run(*kernel, c, values);
    for (const auto value : result.span<Bf16>()) {
      const auto got = static_cast<float>(value);
      EXPECT_TRUE(std::isnan(odd) ? std::isnan(got) : got == odd) << bits << " became " << got;
    }
  }
}

TEST_F(CpuDirect, RemembersConstantWeightsUntilTheyChange) {
  expect_to_remember_weights(cases_of(geometries[0], 2)[0], tolerance);
}

TEST_F(CpuDirect, GivesTheSameBitsAgainAndForAnImageAlone) {
  for (const auto& c : cases_of(geometries[0], 2)) {
    const auto kernel = make_kernel(c.site(), device());
    const auto values = values_of(c);
    EXPECT_EQ(run(*kernel, c, values), run(*kernel, c, values)) << ir::name(c.node.op);
  }
  Geometry one = geometries[0];
  one.images = 1;
  const Case all = cases_of(geometries[0], 2)[0], alone = cases_of(one, 2)[0];
  auto values = values_of(all);
  const Tensor whole = run(*make_kernel(all.site(), device()), all, values);
  Tensor first(DType::f32, ir::bound_shape(alone.types[0].dims));
  std::copy_n(values[0].span<float>().begin(), first.span<float>().size(),
              first.span<float>().begin());
  const Tensor result = run(*make_kernel(alone.site(), device()), alone, {first, values[1]});
  EXPECT_TRUE(std::equal(result.span<float>().begin(), result.span<float>().end(),
                         whole.span<float>().begin()));
}

TEST(CpuDirectChoice, LeavesToOthersWhatItDoesNotFit) {
  const auto runs = [](const Geometry& g) {
    const auto cases = cases_of(g, 1);
    const bool forward = is("direct", *make_kernel(cases[0].site(), device()));
    EXPECT_EQ(forward, is("direct", *make_kernel(cases[1].site(), device())));
    return forward;
  };
  EXPECT_EQ(runs({2, 6, 16, 14, 14, 5, 5, 0, 0}), has_vectors());
  EXPECT_FALSE(runs({2, 9, 16, 14, 14, 5, 5, 0, 0})) << "many channels";
  EXPECT_FALSE(runs({2, 6, 3, 14, 14, 5, 5, 0, 0})) << "most lanes empty";
  EXPECT_FALSE(runs({2, 6, 16, 14, 14, 1, 1, 0, 0})) << "a matrix product";
  EXPECT_FALSE(runs({2, 6, 16, 14, 14, 5, 4, 0, 0})) << "kernels four wide";
  EXPECT_FALSE(runs({1, 8, 16, 70, 70, 3, 3, 1, 1})) << "large images";
  EXPECT_FALSE(runs({1, 8, 256, 14, 14, 3, 3, 1, 1})) << "many weights";
  Case c = cases_of({2, 6, 16, 14, 14, 5, 5, 0, 0}, 1)[0];
  c.result_layout = "";
  EXPECT_FALSE(is("direct", *make_kernel(c.site(), device()))) << "channels apart";
  c = cases_of({2, 1, 6, 14, 14, 5, 5, 0, 0}, 1)[0];
  for (const auto* layout : {"acdb", "aBcd16b"}) {
    c.result_layout = layout;
    EXPECT_FALSE(is("direct", *make_kernel(c.site(), device()))) << layout;
  }
  const ir::Type images{DType::f32, {2, 6, 14, 14}}, weights{DType::f32, {16, 6, 5, 5}};
  EXPECT_FALSE(is("direct", *make_kernel(make_case(ir::Convolution{{2, 2}, {0, 0}},
                                                   {images, weights}, {"", ""}, "aBcd8b", 1)
                                             .site(),
                                         device())))
      << "strides";
}

// As programs meet it: the layout pass brings results to vectors of channels, and leaves weights
// and their gradients in row-major order.
TEST_F(CpuDirect, RunsInPrograms) {
  const auto cases = cases_of(geometries[0], 2);
  const auto &x_type = cases[0].types[0], &w_type = cases[0].types[1], &y_type = cases[1].types[1];
  ir::Builder b("two");
  const auto images = b.input("x", x_type), weights = b.input("w", w_type);
  const auto outputs = b.input("y", y_type);
  b.output("forward", b(cases[0].node.op, {images, weights}));
  b.output("weights", b(cases[1].node.op, {images, outputs}));
  const ir::Program program = b.finish();
  CpuExecutor executor({2, {}});
  const auto executable = executor.compile_cpu(program);
  const Tensor x = random_tensor(x_type, 1), w = random_tensor(w_type, 2),
               y = random_tensor(y_type, 3);
  States states(program, 1);
  std::vector<Tensor> got;
  const Tensor* arguments[] = {&x, &w, &y};
  executable->run(arguments, states, got);
  std::vector<std::string> found;
  for (const auto& kernel : executable->kernels())
    if (kernel.implementation.starts_with("direct") || kernel.node == "reorder")
      found.push_back(kernel.node);
  // The gradients of the results are brought to vectors, the results back from them.
  EXPECT_EQ(std::count(found.begin(), found.end(), "reorder"), 2);
  EXPECT_EQ(std::count(found.begin(), found.end(), "convolution"), 1);
  EXPECT_EQ(std::count(found.begin(), found.end(), "convolution_weight_gradient"), 1);
  EXPECT_LT(worst_error(got[0], expected(cases[0], {x, w})), tolerance);
  EXPECT_LT(worst_error(got[1], expected(cases[1], {x, y})), tolerance);
}

}  // namespace
}  // namespace gnomon::exec::cpu
