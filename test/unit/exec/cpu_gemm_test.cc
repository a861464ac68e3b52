// Our own matrix products against the definition, in f64, and who is asked to run what.

#include "exec/cpu/gemm.h"

#include <gtest/gtest.h>

#include <limits>

#include "cpu_contraction_case.h"
#include "exec/cpu/cpu.h"
#include "exec/cpu/gemm_loops.h"
#include "ir/builder.h"

namespace gnomon::exec::cpu {
namespace {

struct Product {
  std::int64_t count, rows, depth, columns;
  bool transpose_lhs = false, transpose_rhs = false;
};

Case case_of(const Product& p, int threads, DType dtype = DType::f32) {
  const auto type = [&](std::int64_t rows, std::int64_t columns) {
    return p.count > 1 ? ir::Type{dtype, {p.count, rows, columns}}
                       : ir::Type{dtype, {rows, columns}};
  };
  const ir::Type lhs = p.transpose_lhs ? type(p.depth, p.rows) : type(p.rows, p.depth);
  const ir::Type rhs = p.transpose_rhs ? type(p.columns, p.depth) : type(p.depth, p.columns);
  return make_case(ir::MatMul{p.transpose_lhs, p.transpose_rhs}, {lhs, rhs}, {"", ""}, "", threads);
}

// Gradients of weights: several blocks of each dimension with something left over; panels for all
// threads, and rows for them where panels are few; less than a tile, a vector and a square.
constexpr Product single[] = {
    {1, 100, 520, 520, true, false}, {1, 128, 300, 96, true, false}, {1, 97, 257, 257, true, false},
    {1, 16, 1, 8, true, false},      {1, 193, 7, 24, true, false},   {1, 17, 64, 33, true, false},
    {1, 1025, 64, 24, true, false},
};
// Batches, either side transposed or both; more products than threads, and fewer.
constexpr Product batches[] = {
    {5, 64, 32, 64}, {3, 17, 128, 256}, {2, 16, 1, 9},    {7, 31, 30, 29},  {2, 100, 37, 15},
    {4, 21, 8, 16},  {3, 50, 9, 8},     {7, 90, 100, 61}, {2, 250, 99, 97},
};

class CpuGemm : public VectorKernels {
 protected:
  void SetUp() override {
    VectorKernels::SetUp();
    if (vector_lanes() == 16) GTEST_SKIP() << "oneDNN's are taken with AVX-512";
  }
};

constexpr double tolerance = 5e-7;

std::string words(const Product& p) {
  return fmt::format("{} × {}×{}×{}{}{}", p.count, p.rows, p.depth, p.columns,
                     p.transpose_lhs ? ", left transposed" : "",
                     p.transpose_rhs ? ", right transposed" : "");
}

TEST_F(CpuGemm, AgreesWithTheDefinitionInEveryShape) {
  for (const auto& p : single)
    for (const int threads : {1, 2, 3}) {
      SCOPED_TRACE(words(p));
      EXPECT_LT(error_of("gemm", case_of(p, threads)), tolerance);
    }
}

TEST_F(CpuGemm, TakesBatchesOfAnyOrder) {
  for (Product p : batches)
    for (const int threads : {1, 2, 3})
      for (const int kind : {0, 1, 2, 3}) {
        p.transpose_lhs = kind % 2 == 1;
        p.transpose_rhs = kind / 2 == 1;
        SCOPED_TRACE(words(p));
        EXPECT_LT(error_of("gemm", case_of(p, threads)), tolerance);
      }
}

TEST_F(CpuGemm, TakesBatchesOfTwoDimensions) {
  const Case c =
      make_case(ir::MatMul{false, true},
                {{DType::f32, {2, 3, 20, 12}}, {DType::f32, {2, 3, 30, 12}}}, {"", ""}, "", 2);
  EXPECT_LT(error_of("gemm", c), tolerance);
}

// As attention has them: heads lie beside each other, and so do their results.
TEST_F(CpuGemm, ReadsAndLeavesMatricesWhereTheyLie) {
  const auto type = [](std::int64_t rows, std::int64_t columns) {
    return ir::Type{DType::f32, {2, 3, rows, columns}};
  };
  for (const auto* lhs : {"", "acbd", "abdc", "bacd"})
    for (const auto* rhs : {"", "acbd", "abdc", "cabd"})
      for (const auto* result : {"", "acbd", "cbad"})
        for (const int kind : {0, 1, 2, 3}) {
          SCOPED_TRACE(fmt::format("{} · {} = {}, {}", lhs, rhs, result, kind));
          const bool left = kind % 2 == 1, right = kind / 2 == 1;
          const Case c =
              make_case(ir::MatMul{left, right},
                        {left ? type(15, 20) : type(20, 15), right ? type(33, 15) : type(15, 33)},
                        {lhs, rhs}, result, 1 + kind);
          EXPECT_LT(error_of("gemm", c), tolerance);
        }
}

TEST_F(CpuGemm, ResultsFollowTheOneOperandThatIsNotInRowMajorOrder) {
  const auto layouts = [](const char* lhs, const char* rhs) {
    const ir::Type type{DType::f32, {2, 3, 32, 32}};
    const Case c = make_case(ir::MatMul{}, {type, type}, {lhs, rhs}, "", 1);
    Contraction contraction;
    contraction.node = c.node;
    return gemm_layouts(contraction, c.site()).value();
  };
  using machine::NodeLayouts;
  EXPECT_EQ(layouts("", ""), (NodeLayouts{{{}, {}}, {{}}}));
  EXPECT_EQ(layouts("", "acbd"), (NodeLayouts{{{}, {"acbd"}}, {{"acbd"}}}));
  EXPECT_EQ(layouts("acbd", ""), (NodeLayouts{{{"acbd"}, {}}, {{"acbd"}}}));
  EXPECT_EQ(layouts("acbd", "acbd"), (NodeLayouts{{{"acbd"}, {"acbd"}}, {{}}}));
  EXPECT_EQ(layouts("", "abdc"), (NodeLayouts{{{}, {"abdc"}}, {{}}})) << "columns apart";
  EXPECT_EQ(layouts("aBcd8b", ""), (NodeLayouts{{{}, {}}, {{}}})) << "in blocks";
  EXPECT_EQ(layouts("", "bcda"), (NodeLayouts{{{}, {}}, {{}}})) << "neither rows nor columns";
}

// A matrix beside another one does not change it, nor do infinities in it.
TEST_F(CpuGemm, KeepsToItsOwnMatrices) {
  const Product all{4, 100, 99, 97}, one{2, 100, 99, 97};
  const Case c = case_of(all, 2), half = case_of(one, 1);
  auto values = values_of(c);
  std::vector<Tensor> first;
  for (std::size_t i = 0; i < 2; ++i) {
    first.emplace_back(DType::f32, ir::bound_shape(half.types[i].dims));
    const auto part = first.back().span<float>();
    std::copy_n(values[i].span<float>().begin(), part.size(), part.begin());
    values[i].span<float>().back() = std::numeric_limits<float>::infinity();
  }
  const Tensor got = run(*make_kernel(c.site(), device()), c, values);
  const Tensor alone = run(*make_kernel(half.site(), device()), half, first);
  EXPECT_TRUE(std::equal(alone.span<float>().begin(), alone.span<float>().end(),
                         got.span<float>().begin()));
}

TEST_F(CpuGemm, GivesTheSameBitsOnAnyNumberOfThreads) {
  for (const auto& p : single) {
    const auto values = values_of(case_of(p, 1));
    const auto on = [&](int threads) {
      const Case c = case_of(p, threads);
      return run(*make_kernel(c.site(), device()), c, values);
    };
    const Tensor alone = on(1);
    for (const int threads : {2, 3}) EXPECT_EQ(on(threads), alone) << words(p);
  }
}

TEST_F(CpuGemm, PassesWhatIsNotFinite) {
  const Case c = case_of({1, 16, 20, 16, true, false}, 1);
  auto values = values_of(c);
  values[0].span<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  const Tensor got = run(*make_kernel(c.site(), device()), c, values);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(got.span<float>()[i]));
  for (std::size_t i = 16; i < got.span<float>().size(); ++i)
    EXPECT_TRUE(std::isfinite(got.span<float>()[i]));
}

TEST(CpuGemmChoice, LeavesToOthersWhatItDoesNotFit) {
  const auto runs = [](const Case& c) { return is("gemm", *make_kernel(c.site(), device())); };
  EXPECT_EQ(runs(case_of({1, 64, 64, 64, true, false}, 1)), vector_lanes() == 8);
  EXPECT_FALSE(runs(case_of({1, 64, 64, 64, false, false}, 1))) << "a layer forward";
  EXPECT_FALSE(runs(case_of({1, 64, 64, 64, true, true}, 1))) << "columns apart";
  EXPECT_FALSE(runs(case_of({1, 512, 64, 512, true, false}, 1))) << "many weights";
  EXPECT_EQ(runs(case_of({1, 64, 9999, 64, true, false}, 1)), vector_lanes() == 8)
      << "many examples";
  EXPECT_FALSE(runs(case_of({1, 64, 1, 64, false, false}, 1))) << "a layer of one feature";
  EXPECT_FALSE(runs(case_of({1, 64, 0, 64, true, false}, 1))) << "no examples";
  EXPECT_FALSE(runs(case_of({1, 15, 64, 64, true, false}, 1))) << "few rows";
  EXPECT_FALSE(runs(case_of({1, 64, 64, 7, true, false}, 1))) << "few columns";
  EXPECT_EQ(runs(case_of({2, 64, 128, 256}, 1)), vector_lanes() == 8);
  const ir::Type one{DType::f32, {1, 64, 64}};
  EXPECT_EQ(runs(make_case(ir::MatMul{}, {one, one}, {"", ""}, "", 1)), vector_lanes() == 8)
      << "a batch of one";
  EXPECT_FALSE(runs(case_of({2, 64, 129, 64}, 1))) << "a deep one";
  EXPECT_FALSE(runs(case_of({2, 64, 64, 257}, 1))) << "a wide one";
  EXPECT_FALSE(runs(case_of({2, 64, 64, 64}, 1, DType::bf16))) << "bf16";
  const ir::Type square{DType::f32, {64, 64}};
  ir::Builder b("biased");
  const auto x = b.input("x0", square), y = b.input("x1", square),
             bias = b.input("x2", {DType::f32, {64}});
  b.output("y0", b(ir::Add{},
                   {b(ir::MatMul{true, false}, {x, y}), b(ir::Broadcast{{1}, square}, {bias})}));
  EXPECT_FALSE(runs(make_case(ir::Fused{ir::Region(b.finish())},
                              {square, square, {DType::f32, {64}}}, {"", "", ""}, "", 1)))
      << "a bias";
}

}  // namespace
}  // namespace gnomon::exec::cpu
