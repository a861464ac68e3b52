// Every operator of the list on the CPU executor: it agrees with the reference, with every pass
// switched on and off.

#include <gtest/gtest.h>

#include <cmath>

#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/op_info.h"
#include "operator_samples.h"
#include "pass/pipeline.h"

namespace gnomon::exec {
namespace {

using samples::Sample;
using samples::Setting;

std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> all;
  for (const auto& tensor : tensors) all.push_back(&tensor);
  return all;
}

std::vector<Tensor> run(Executable& executable, const std::vector<Tensor>& arguments) {
  States states(executable.program(), 1);
  std::vector<Tensor> outputs;
  executable.run(pointers(arguments), states, outputs);
  for (const auto& name : states.names()) outputs.push_back(states.get(name));
  return outputs;
}

std::vector<Tensor> reference(const ir::Program& program, const std::vector<Tensor>& arguments,
                              Precision precision) {
  ReferenceExecutable executable(program, precision);
  return run(executable, arguments);
}

std::vector<Tensor> magnitudes(const std::vector<Tensor>& arguments) {
  std::vector<Tensor> all;
  for (const auto& argument : arguments) {
    Tensor wide = convert(argument, DType::f64);
    for (auto& x : wide.span<double>()) x = std::abs(x);
    all.push_back(is_float(argument.dtype()) ? convert(wide, argument.dtype()) : argument);
  }
  return all;
}

bool sums_products(const ir::Op& op) {
  return std::holds_alternative<ir::MatMul>(op) || std::holds_alternative<ir::Convolution>(op) ||
         std::holds_alternative<ir::ConvolutionInputGradient>(op) ||
         std::holds_alternative<ir::ConvolutionWeightGradient>(op) ||
         std::holds_alternative<ir::Sum>(op);
}

// Within the rounding of the element type of what was added up, and twice what the definition loses
// itself in that type; integers exactly.
void expect_agreement(const Sample& sample, const std::vector<Tensor>& got,
                      const std::vector<Tensor>& arguments) {
  const auto expected = reference(sample.program, arguments, Precision::f64);
  const auto& op = sample.program.nodes[sample.node].op;
  const auto scale = sums_products(op)
                         ? reference(sample.program, magnitudes(arguments), Precision::f64)
                         : expected;
  const auto native = reference(sample.program, arguments, Precision::native);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t o = 0; o < got.size(); ++o) {
    ASSERT_EQ(got[o].shape(), expected[o].shape());
    const double unit = got[o].dtype() == DType::f64    ? 1e-12
                        : got[o].dtype() == DType::f32  ? 1e-5
                        : got[o].dtype() == DType::bf16 ? 0x1p-8
                                                        : 0;
    const Tensor x = convert(got[o], DType::f64), y = convert(expected[o], DType::f64),
                 m = convert(scale[o], DType::f64), n = convert(native[o], DType::f64);
    for (std::size_t i = 0; i < static_cast<std::size_t>(x.count()); ++i) {
      const double wide = y.span<double>()[i];
      if (x.span<double>()[i] == wide) continue;  // infinities
      ASSERT_NEAR(x.span<double>()[i], wide,
                  unit * std::max(std::abs(m.span<double>()[i]), 1e-2) +
                      2 * std::abs(n.span<double>()[i] - wide))
          << "output " << o << ", element " << i;
    }
  }
}

std::vector<std::set<std::string>> pass_choices() {
  std::vector<std::set<std::string>> choices = {{}};
  const auto steps = pass::pipeline_steps();
  for (const auto& step : steps) choices.push_back({step});
  choices.emplace_back(steps.begin(), steps.end());
  return choices;
}

class CpuOperatorTest : public ::testing::TestWithParam<samples::SampledOperator> {};
INSTANTIATE_TEST_SUITE_P(All, CpuOperatorTest, ::testing::ValuesIn(samples::operators()),
                         samples::name_of);

TEST_P(CpuOperatorTest, AgreesWithTheReferenceWhateverPassesRun) {
  for (const auto& without : pass_choices()) {
    CpuExecutor cpu({2, without});
    SCOPED_TRACE(fmt::format("without {}", fmt::join(without, ", ")));
    for (const auto type : {DType::f32, DType::bf16, DType::f64})
      for (const auto batch : samples::batches())
        for (const auto& sample : GetParam().runnable(Setting{type, batch, false})) {
          SCOPED_TRACE(fmt::format("{}, {}, batch {}", sample.what, name(type), batch));
          auto executable = cpu.compile(sample.program);
          expect_agreement(sample, run(*executable, sample.arguments), sample.arguments);
        }
  }
}

TEST_P(CpuOperatorTest, OneExecutableServesEveryBatchSize) {
  CpuExecutor cpu({2, {}});
  for (const auto type : {DType::f32, DType::bf16}) {
    const auto symbolic = GetParam().runnable(Setting{type, 8, true});
    for (std::size_t s = 0; s < symbolic.size(); ++s) {
      auto executable = cpu.compile(symbolic[s].program);
      for (const auto batch : {8, 0, 1, 3, 8}) {
        SCOPED_TRACE(fmt::format("{}, {}, batch {}", symbolic[s].what, name(type), batch));
        const auto arguments = GetParam().runnable(Setting{type, batch, true})[s].arguments;
        expect_agreement(symbolic[s], run(*executable, arguments), arguments);
      }
    }
  }
}

// The executor may fuse and reorder element-wise work, never change a bit of it; but its
// exponential and hyperbolic tangent are its own (cpu_elementary_test.cc).
TEST_P(CpuOperatorTest, ElementWiseWorkHasTheBitsOfTheDefinition) {
  CpuExecutor cpu({2, {}});
  for (const auto type : {DType::f32, DType::bf16})
    for (const auto& sample : GetParam().runnable(Setting{type, 8, false})) {
      const ir::Op& op = sample.program.nodes[sample.node].op;
      if (!ir::is_elementwise(op) || std::holds_alternative<ir::Exp>(op) ||
          std::holds_alternative<ir::Tanh>(op))
        continue;
      auto executable = cpu.compile(sample.program);
      EXPECT_EQ(run(*executable, sample.arguments),
                reference(sample.program, sample.arguments, Precision::native))
          << sample.what;
    }
}

}  // namespace
}  // namespace gnomon::exec
