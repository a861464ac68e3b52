// Winograd's convolutions against the definition, in f64, and who is asked to run what.

#include "exec/cpu/winograd.h"

#include <gtest/gtest.h>

#include "cpu_contraction_case.h"
#include "exec/cpu/cpu.h"
#include "exec/cpu/kernels.h"
#include "exec/cpu/tape_code.h"
#include "ir/builder.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

struct Geometry {
  std::int64_t images, in, out, height, width, above, left;
};

// Whole and cut tiles, images narrower than a window, full and odd numbers of vectors, more and
// fewer tiles than a block.
constexpr Geometry geometries[] = {
    {3, 16, 16, 24, 20, 1, 1}, {2, 16, 48, 16, 12, 1, 1}, {1, 32, 16, 23, 19, 0, 1},
    {2, 48, 32, 10, 11, 2, 0}, {2, 64, 64, 8, 7, 1, 1},   {1, 16, 48, 18, 22, 2, 2},
    {2, 80, 16, 8, 10, 1, 2},  {40, 16, 16, 4, 4, 1, 1},  {3, 16, 32, 3, 4, 1, 1},
};

std::string channels_in_vectors() { return vector_lanes() == 16 ? "aBcd16b" : "aBcd8b"; }

// The gradients of images and of weights.
std::vector<Case> cases_of(const Geometry& g, const std::string& layout, int threads) {
  const std::vector<std::int64_t> padding{g.above, g.left};
  const std::int64_t rows = g.height + 2 * g.above - 2, columns = g.width + 2 * g.left - 2;
  const ir::Type images{DType::f32, {g.images, g.in, g.height, g.width}};
  const ir::Type weights{DType::f32, {g.out, g.in, 3, 3}};
  const ir::Type outputs{DType::f32, {g.images, g.out, rows, columns}};
  return {make_case(ir::ConvolutionInputGradient{{1, 1}, padding, images}, {outputs, weights},
                    {layout, ""}, layout, threads),
          make_case(ir::ConvolutionWeightGradient{{1, 1}, padding, weights}, {images, outputs},
                    {layout, layout}, "", threads)};
}

class CpuWinograd : public VectorKernels {};

// A result at the border has fewer terms than the others of its tile, whose rounding it shares.
constexpr double tolerance = 5e-6;

TEST_F(CpuWinograd, AgreesWithTheDefinitionInEveryShape) {
  for (const auto& g : geometries)
    for (std::size_t kind = 0; kind < 2; ++kind) {
      const auto values = values_of(cases_of(g, "acdb", 1)[kind]);
      const auto right = expected(cases_of(g, "acdb", 1)[kind], values);
      for (const auto& layout : {channels_in_vectors(), std::string("acdb")})
        for (const int threads : {1, 2, 3}) {
          const Case c = cases_of(g, layout, threads)[kind];
          SCOPED_TRACE(fmt::format("{} {}→{} {}×{}, padding {} {}, {}, {} threads",
                                   ir::name(c.node.op), g.in, g.out, g.height, g.width, g.above,
                                   g.left, layout, threads));
          EXPECT_LT(error_of("winograd", c, values, right),
                    g.above + g.left > 2 ? tolerance : 2e-6);
        }
    }
}

TEST_F(CpuWinograd, ImagesMayBeOnePixelWide) {
  for (const auto& layout : {channels_in_vectors(), std::string("acdb")}) {
    // Results three pixels wide of images one wide, and images three wide of results one wide.
    EXPECT_LT(error_of("winograd", cases_of({64, 16, 16, 8, 1, 1, 2}, layout, 1)[1]), tolerance);
    EXPECT_LT(error_of("winograd", cases_of({64, 16, 16, 8, 3, 1, 0}, layout, 1)[0]), tolerance);
  }
}

TEST_F(CpuWinograd, TakesWeightsInAnyLayout) {
  for (const std::string weights : {"cdba", "ABcd8b8a", "ABcd16a16b", "Abcd8a"}) {
    auto cases = cases_of({5, 32, 16, 12, 12, 1, 1}, channels_in_vectors(), 2);
    cases[0].layouts[1] = cases[1].result_layout = weights;
    for (const auto& c : cases) EXPECT_LT(error_of("winograd", c), tolerance) << weights;
  }
}

TEST_F(CpuWinograd, ImagesAndResultsMayLieDifferently) {
  auto cases = cases_of({5, 32, 16, 12, 12, 1, 1}, channels_in_vectors(), 2);
  cases[0].result_layout = cases[1].layouts[1] = "acdb";
  for (const auto& c : cases) EXPECT_LT(error_of("winograd", c), tolerance);
}

TEST_F(CpuWinograd, RemembersConstantWeightsUntilTheyChange) {
  expect_to_remember_weights(cases_of({4, 16, 16, 16, 16, 1, 1}, channels_in_vectors(), 2)[0],
                             tolerance);
}

TEST_F(CpuWinograd, GivesTheSameBitsAgain) {
  for (const auto& c : cases_of(geometries[0], channels_in_vectors(), 2)) {
    const auto kernel = make_kernel(c.site(), device());
    const auto values = values_of(c);
    EXPECT_EQ(run(*kernel, c, values), run(*kernel, c, values)) << ir::name(c.node.op);
  }
}

TEST(CpuWinogradChoice, LeavesToOneDnnWhatItDoesNotFit) {
  const auto runs = [](const Case& c) { return is("winograd", *make_kernel(c.site(), device())); };
  const auto gradient = [&](const Geometry& g, const std::string& layout) {
    return runs(cases_of(g, layout, 1)[1]);
  };
  EXPECT_EQ(gradient({8, 16, 16, 12, 12, 1, 1}, "acdb"), has_vectors());
  EXPECT_FALSE(gradient({8, 8, 16, 12, 12, 1, 1}, "acdb")) << "few channels";
  EXPECT_FALSE(gradient({1, 16, 512, 12, 12, 1, 1}, "acdb")) << "many channels";
  EXPECT_FALSE(gradient({8, 16, 16, 12, 12, 1, 1}, "")) << "channels apart";
  EXPECT_FALSE(gradient({8, 16, 16, 12, 12, 3, 3}, "acdb")) << "results of padding";
  EXPECT_FALSE(gradient({64, 16, 16, 5, 5, 1, 1}, "acdb")) << "tiles hardly filled";
  // The tiles of a gradient of images are theirs.
  EXPECT_FALSE(runs(cases_of({8, 16, 16, 6, 6, 0, 0}, "acdb", 1)[0]));
  EXPECT_EQ(runs(cases_of({8, 16, 16, 4, 4, 2, 2}, "acdb", 1)[0]), has_vectors());
  const auto of = [&](DType dtype, std::int64_t stride, std::int64_t side) {
    const ir::Type images{dtype, {8, 16, 12, 12}}, weights{dtype, {16, 16, side, side}};
    const std::int64_t padding = side / 2, extent = stride == 1 ? 12 : 6;
    return runs(
        make_case(ir::ConvolutionInputGradient{{stride, stride}, {padding, padding}, images},
                  {{dtype, {8, 16, extent, extent}}, weights}, {"acdb", ""}, "acdb", 1));
  };
  EXPECT_EQ(of(DType::f32, 1, 3), has_vectors());
  EXPECT_FALSE(of(DType::f32, 2, 3)) << "strides";
  EXPECT_FALSE(of(DType::f32, 1, 5)) << "5×5";
  EXPECT_FALSE(of(DType::bf16, 1, 3));
}

// As programs meet it: the layout pass brings images to vectors of channels. Convolutions
// themselves are direct: their rounding goes through all that follows.
TEST_F(CpuWinograd, RunsInPrograms) {
  const auto cases = cases_of({4, 16, 32, 16, 12, 1, 1}, "", 2);
  const auto &x_type = cases[1].types[0], &y_type = cases[1].types[1], &w_type = cases[0].types[1];
  ir::Builder b("three");
  const auto images = b.input("x", x_type), weights = b.input("w", w_type);
  const auto outputs = b.input("y", y_type);
  b.output("forward", b(ir::Convolution{{1, 1}, {1, 1}}, {images, weights}));
  b.output("images", b(cases[0].node.op, {outputs, weights}));
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
    if (kernel.implementation.starts_with("winograd")) found.push_back(kernel.node);
  EXPECT_EQ(found, (std::vector<std::string>{"convolution_input_gradient",
                                             "convolution_weight_gradient"}));
  EXPECT_LT(worst_error(got[1], expected(cases[0], {y, w})), tolerance);
  EXPECT_LT(worst_error(got[2], expected(cases[1], {x, y})), tolerance);
}

}  // namespace
}  // namespace gnomon::exec::cpu
