// Element-wise regions: results over their operands, many at once, and what is not one.

#include "exec/cpu/tape.h"

#include <gtest/gtest.h>

#include "exec/cpu/contraction.h"
#include "exec/cpu/elementwise_region.h"
#include "exec/cpu/target.h"
#include "ir/builder.h"

namespace gnomon::exec::cpu {
namespace {

const ir::Type matrix{DType::f32, {40, 50}};

ir::Program momentum_step() {
  ir::Builder b("momentum_step");
  const auto w = b.input("w", matrix), m = b.input("m", matrix), g = b.input("g", matrix);
  const auto rate = b.input("rate", {DType::f32, {}});
  const auto next = b(ir::Add{}, {b(ir::Multiply{}, {m, b.full_like(m, 0.9)}), g});
  const auto moved = b(ir::Subtract{}, {w, b(ir::Multiply{}, {next, b.broadcast_like(rate, w)})});
  b.output("w", moved);
  b.output("m", next);
  return b.finish();
}

std::vector<std::vector<float>> run(const ir::Program& body, bool in_place) {
  ir::Node node{ir::Fused{ir::Region(body)}, {}, {}, {}, {}};
  Site site{node, {}, {}, 2};
  for (const auto i : ir::inputs_of(body)) site.operands.push_back({body.nodes[i].results[0], {}});
  for (const auto& output : body.outputs) site.results.push_back({body.type(output.value), {}});
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < site.operands.size(); ++i) {
    auto& x =
        values.emplace_back(static_cast<std::size_t>(element_count(site.operands[i].shape())));
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k * (i + 3) % 17) - 5.0f;
  }
  std::vector<std::vector<float>> separate(site.results.size(), std::vector<float>(2000));
  std::vector<std::byte*> operands, results;
  for (auto& x : values) operands.push_back(reinterpret_cast<std::byte*>(x.data()));
  for (std::size_t r = 0; r < site.results.size(); ++r)
    results.push_back(reinterpret_cast<std::byte*>((in_place ? values[r] : separate[r]).data()));
  const auto kernel = make_tape(body, site);
  Buffer scratch(kernel->scratch_bytes());
  kernel->run({operands.data(), results.data(), scratch.data()});
  if (in_place) values.resize(site.results.size());
  return in_place ? values : separate;
}

TEST(CpuTape, ResultsMayLieOverOperands) {
  const auto body = momentum_step();
  ASSERT_TRUE(is_elementwise_region(body));
  EXPECT_EQ(run(body, true), run(body, false));
  EXPECT_FLOAT_EQ(run(body, false)[1][7], 0.9f * (7 * 4 % 17 - 5) + (7 * 5 % 17 - 5));
}

// The second result reads an operand that the first lies over.
TEST(CpuTape, EarlyResultsDoNotDestroyWhatLaterOnesRead) {
  ir::Builder b("swap_of_a_kind");
  const auto x = b.input("x", matrix), y = b.input("y", matrix);
  const auto sum = b(ir::Add{}, {x, y});
  b.output("sum", sum);
  b.output("difference", b(ir::Subtract{}, {x, y}));
  const auto body = b.finish();
  EXPECT_EQ(run(body, true), run(body, false));
}

TEST(CpuTape, AnOperandThatIsAlsoAResultIsNotOverwritten) {
  ir::Builder b("passes_through");
  const auto x = b.input("x", matrix);
  b.output("y", b(ir::Negate{}, {x}));
  b.output("x", x);
  const ir::Node node{ir::Fused{ir::Region(b.finish())}, {}, {matrix, matrix}, {}, {}};
  const Device device;
  EXPECT_FALSE(CpuTarget(device, 1).in_place(node, 0, 0));
}

TEST(CpuTarget, FusesWhatOneKernelCanRun) {
  const Device device;
  const CpuTarget target(device, 1);
  EXPECT_TRUE(target.fuses(momentum_step()));

  const ir::Type weights{DType::f32, {50, 8}}, bias{DType::f32, {8}}, column{DType::f32, {40}};
  const auto linear = [&](bool wrong_axis, bool relu_first) {
    ir::Builder b("linear");
    auto y = b(ir::MatMul{}, {b.input("x", matrix), b.input("w", weights)});
    if (relu_first) y = b(ir::Relu{}, {y});
    const auto vector = b.input("b", wrong_axis ? column : bias);
    const std::int64_t axis = wrong_axis ? 0 : 1;
    b.output("y", b(ir::Add{}, {y, b(ir::Broadcast{{axis}, b.type(y)}, {vector})}));
    return b.finish();
  };
  EXPECT_TRUE(target.fuses(linear(false, false)));
  EXPECT_FALSE(target.fuses(linear(true, false)));
  EXPECT_FALSE(target.fuses(linear(false, true)));

  ir::Builder b("double_precision");
  b.output("y", b(ir::Exp{}, {b.input("x", {DType::f64, {4}})}));
  EXPECT_FALSE(target.fuses(b.finish()));
}

TEST(CpuContraction, ReadsItsEpilogue) {
  const ir::Type images{DType::bf16, {2, 3, 8, 8}}, weights{DType::bf16, {4, 3, 3, 3}};
  ir::Builder b("conv");
  const auto bias = b.input("bias", {DType::bf16, {4}});
  const auto w = b.input("w", weights), x = b.input("x", images);
  const auto y = b(ir::Convolution{}, {x, w});
  const auto shifted = b(ir::Add{}, {b(ir::Broadcast{{1}, b.type(y)}, {bias}), y});
  b.output("y", b(ir::Convert{DType::f32}, {b(ir::Relu{}, {shifted})}));
  const auto contraction = as_contraction(b.finish());
  ASSERT_TRUE(contraction);
  EXPECT_EQ(contraction->lhs, 2u);
  EXPECT_EQ(contraction->rhs, 1u);
  EXPECT_EQ(contraction->bias, 0u);
  EXPECT_TRUE(contraction->relu);
  EXPECT_EQ(contraction->result, DType::f32);
}

}  // namespace
}  // namespace gnomon::exec::cpu
