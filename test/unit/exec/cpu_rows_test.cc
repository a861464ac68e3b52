#include <gtest/gtest.h>

#include <cmath>

#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"

namespace gnomon::exec {
namespace {

std::vector<float> run(Executor& executor, const ir::Program& program, const Tensor& x) {
  States states(program, 0);
  std::vector<Tensor> outputs;
  const Tensor* arguments[] = {&x};
  executor.compile(program)->run(arguments, states, outputs);
  const auto values = outputs.at(0).span<float>();
  return {values.begin(), values.end()};
}

// The memory plan lays the result over an operand that nothing needs any more: what is read twice
// must not be written between.
template <typename Op>
void expect_right_in_place(std::int64_t columns) {
  ir::Builder b("rows");
  const auto x = b.input("x", {DType::f32, {3, columns}});
  const auto rows = b(Op{}, {b(ir::Negate{}, {x})});
  b.output("y", b(ir::Transpose{{1, 0}}, {rows}));
  const auto program = b.finish();
  Tensor values(DType::f32, {3, columns});
  float next = -1;
  for (auto& value : values.span<float>()) value = next += 0.37F;
  CpuExecutor cpu({.threads = 1, .without = {"fuse"}});
  ReferenceExecutor reference;
  const auto seen = run(cpu, program, values), wanted = run(reference, program, values);
  ASSERT_EQ(seen.size(), wanted.size());
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_NEAR(seen[i], wanted[i], 1e-6 * (1 + std::fabs(wanted[i]))) << columns << ", " << i;
}

TEST(CpuRows, SoftmaxMayLieOverItsOperand) {
  for (const std::int64_t columns : {1, 14, 16, 17, 33})
    expect_right_in_place<ir::Softmax>(columns);
}

TEST(CpuRows, LogSoftmaxMayLieOverItsOperand) {
  for (const std::int64_t columns : {1, 14, 16, 17, 33})
    expect_right_in_place<ir::LogSoftmax>(columns);
}

}  // namespace
}  // namespace gnomon::exec
