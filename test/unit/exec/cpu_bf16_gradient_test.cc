// Our own gradients of weights in bf16 against the definition, in f64, and who is asked to run what.

#include "exec/cpu/bf16_gradient.h"

#include <gtest/gtest.h>

#include "cpu_contraction_case.h"
#include "exec/cpu/cpu.h"
#include "ir/builder.h"

namespace gnomon::exec::cpu {
namespace {

struct Geometry {
  std::int64_t images, in, out, height, width, kernel_height;
  std::int64_t down, across, above, left;  // strides, padding
};

// ResNet-20's; several images at once, with some left over, and one alone; odd widths; strides that
// differ; kernels of other heights; padding wider than the kernel, and none.
constexpr Geometry geometries[] = {
    {5, 16, 16, 32, 32, 3, 1, 1, 1, 1}, {3, 32, 64, 16, 16, 3, 2, 2, 1, 1},
    {19, 48, 16, 8, 8, 3, 1, 1, 1, 1},  {4, 16, 32, 9, 7, 3, 1, 1, 0, 1},
    {3, 16, 16, 11, 13, 3, 2, 1, 1, 0}, {2, 32, 16, 6, 21, 5, 1, 2, 2, 3},
    {7, 16, 48, 5, 3, 1, 1, 1, 0, 0},   {2, 16, 16, 2, 1, 3, 1, 3, 4, 4},
    {1, 16, 16, 3, 3, 3, 1, 1, 0, 0},
};

std::string name_of(const Geometry& g, const std::string& layout, int threads) {
  return fmt::format("{}→{} {}×{}, kernel {}×3, strides {} {}, padding {} {}, {}, {} threads", g.in,
                     g.out, g.height, g.width, g.kernel_height, g.down, g.across, g.above, g.left,
                     layout, threads);
}

Case gradient(const Geometry& g, const std::string& layout, int threads,
              DType dtype = DType::bf16) {
  const std::int64_t rows = (g.height + 2 * g.above - g.kernel_height) / g.down + 1,
                     columns = (g.width + 2 * g.left - 3) / g.across + 1;
  const ir::Type images{dtype, {g.images, g.in, g.height, g.width}};
  const ir::Type weights{dtype, {g.out, g.in, g.kernel_height, 3}};
  const ir::Type outputs{dtype, {g.images, g.out, rows, columns}};
  return make_case(ir::ConvolutionWeightGradient{{g.down, g.across}, {g.above, g.left}, weights},
                   {images, outputs}, {layout, layout}, "", threads);
}

// The same, left in f32: as training has it.
Case gradient_in_f32(const Geometry& g, const std::string& layout, int threads) {
  const Case narrow = gradient(g, layout, threads);
  ir::Builder b("gradient");
  const auto x = b.input("x0", narrow.types[0]), y = b.input("x1", narrow.types[1]);
  b.output("y0", b(ir::Convert{DType::f32}, {b(narrow.node.op, {x, y})}));
  return make_case(ir::Fused{ir::Region(b.finish())}, narrow.types, narrow.layouts, "", threads);
}

class CpuBf16Gradient : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_bf16_vectors()) GTEST_SKIP() << "no AVX-512 with bf16 on this processor, or AMX";
  }
};

constexpr double tolerance = 5e-7;

TEST_F(CpuBf16Gradient, AgreesWithTheDefinitionInEveryShape) {
  for (const auto& g : geometries) {
    const Case narrow = gradient(g, "acdb", 1);
    const auto values = values_of(narrow);
    const auto right = expected(narrow, values);
    for (const std::string layout : {"aBcd16b", "acdb"})
      for (const int threads : {1, 2, 3}) {
        SCOPED_TRACE(name_of(g, layout, threads));
        EXPECT_LT(
            error_of("direct avx512_bf16", gradient_in_f32(g, layout, threads), values, right),
            tolerance);
      }
  }
}

// What is stored in bf16 is what f32 gives, rounded once.
TEST_F(CpuBf16Gradient, RoundsToBf16Once) {
  for (const auto& g : geometries) {
    const Case narrow = gradient(g, "aBcd16b", 2), wide = gradient_in_f32(g, "aBcd16b", 2);
    const auto values = values_of(narrow);
    const auto kernel = make_kernel(narrow.site(), device());
    ASSERT_TRUE(is("direct avx512_bf16", *kernel)) << kernel->implementation();
    EXPECT_EQ(run(*kernel, narrow, values),
              convert(run(*make_kernel(wide.site(), device()), wide, values), DType::bf16));
  }
}

TEST_F(CpuBf16Gradient, LeavesWeightsInAnyLayout) {
  for (const std::string weights : {"cdba", "ABcd8b16a2b", "ABcd16b16a", "Acdb64a"}) {
    Case c = gradient_in_f32(geometries[3], "aBcd16b", 2);
    const Case narrow = gradient(geometries[3], "aBcd16b", 2);
    c.result_layout = weights;
    const auto values = values_of(c);
    EXPECT_LT(error_of("direct avx512_bf16", c, values, expected(narrow, values)), tolerance)
        << weights;
  }
}

TEST_F(CpuBf16Gradient, ImagesAndResultsMayLieDifferently) {
  Case c = gradient_in_f32(geometries[1], "aBcd16b", 2);
  c.layouts[1] = "acdb";
  const auto values = values_of(c);
  EXPECT_LT(error_of("direct avx512_bf16", c, values,
                     expected(gradient(geometries[1], "aBcd16b", 2), values)),
            tolerance);
}

TEST_F(CpuBf16Gradient, GivesTheSameBitsAgain) {
  const Case c = gradient_in_f32(geometries[2], "aBcd16b", 2);
  const auto kernel = make_kernel(c.site(), device());
  const auto values = values_of(c);
  EXPECT_EQ(run(*kernel, c, values), run(*kernel, c, values));
}

TEST(CpuBf16GradientChoice, LeavesToOneDnnWhatItDoesNotFit) {
  const auto runs = [](const Case& c) {
    return is("direct avx512_bf16", *make_kernel(c.site(), device()));
  };
  EXPECT_EQ(runs(gradient({8, 16, 16, 12, 12, 3, 1, 1, 1, 1}, "acdb", 1)), has_bf16_vectors());
  EXPECT_FALSE(runs(gradient({8, 16, 16, 12, 12, 3, 1, 1, 1, 1}, "acdb", 1, DType::f32)));
  EXPECT_FALSE(runs(gradient({8, 16, 16, 12, 12, 3, 1, 1, 1, 1}, "", 1))) << "channels apart";
  EXPECT_FALSE(runs(gradient({8, 24, 16, 12, 12, 3, 1, 1, 1, 1}, "acdb", 1))) << "half a vector";
  EXPECT_FALSE(runs(gradient({1, 16, 512, 12, 12, 3, 1, 1, 1, 1}, "acdb", 1))) << "many channels";
  EXPECT_FALSE(runs(gradient({1, 16, 16, 99, 99, 3, 1, 1, 1, 1}, "acdb", 1))) << "large images";
}

// As programs meet it: the layout pass brings images to vectors of channels.
TEST_F(CpuBf16Gradient, RunsInPrograms) {
  const Case c = gradient(geometries[1], "", 2);
  ir::Builder b("one");
  const auto images = b.input("x", c.types[0]), outputs = b.input("y", c.types[1]);
  b.output("weights", b(ir::Convert{DType::f32}, {b(c.node.op, {images, outputs})}));
  const ir::Program program = b.finish();
  CpuExecutor executor({2, {}});
  const auto executable = executor.compile_cpu(program);
  const auto values = values_of(c);
  States states(program, 1);
  std::vector<Tensor> got;
  const Tensor* arguments[] = {&values[0], &values[1]};
  executable->run(arguments, states, got);
  EXPECT_LT(worst_error(got[0], expected(c, values)), tolerance);
  const auto kernels = executable->kernels();
  EXPECT_EQ(1, std::count_if(kernels.begin(), kernels.end(), [](const auto& kernel) {
              return kernel.implementation.starts_with("direct avx512_bf16");
            }));
}

}  // namespace
}  // namespace gnomon::exec::cpu
