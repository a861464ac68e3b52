// LeNet, forward and backward, against the reference in f64.

#include <gtest/gtest.h>

#include "cpu_lenet.h"
#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"

namespace gnomon::exec {
namespace {

double largest(const Tensor& tensor) {
  double most = 0;
  const Tensor wide = convert(tensor, DType::f64);
  for (const double x : wide.span<double>()) most = std::max(most, std::abs(x));
  return most;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  Tensor x = convert(a, DType::f64);
  const Tensor y = convert(b, DType::f64);
  for (std::size_t i = 0; i < static_cast<std::size_t>(x.count()); ++i)
    x.span<double>()[i] -= y.span<double>()[i];
  return largest(x);
}

std::vector<std::set<std::string>> pass_choices() {
  return {{}, {"fuse"}, {"layout"}, {"simplify"}, {"fuse", "layout", "simplify"}};
}

TEST(CpuLenet, ForwardAgreesWithTheReference) {
  const auto program = lenet::forward({"b", 16});
  auto exact = ReferenceExecutor(Precision::f64).compile(program);
  for (const auto& without : pass_choices()) {
    SCOPED_TRACE(fmt::format("without {}", fmt::join(without, ", ")));
    auto fast = CpuExecutor({2, without}).compile_cpu(program);
    States states(program, 1), same(program, 1);
    for (const std::int64_t batch : {4, 1, 16, 4, 0}) {
      const Tensor images = lenet::images(batch, 7), labels = lenet::labels(batch, 7);
      const std::vector<const Tensor*> arguments{&images, &labels};
      std::vector<Tensor> got, expected;
      fast->run(arguments, states, got);
      exact->run(arguments, same, expected);
      ASSERT_EQ(got.size(), 2u);
      if (batch > 0) {
        EXPECT_LT(largest_difference(got[0], expected[0]), 1e-5);
      }
      EXPECT_LT(largest_difference(got[1], expected[1]), 1e-5 * (1 + largest(expected[1])));
    }
  }
}

double distance(const Tensor& a, const Tensor& b) {
  const Tensor x = convert(a, DType::f64), y = convert(b, DType::f64);
  double sum = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(x.count()); ++i) {
    const double d = x.span<double>()[i] - y.span<double>()[i];
    sum += d * d;
  }
  return std::sqrt(sum);
}

// One step with a learning rate of one moves every parameter by its gradient. In bf16, where a
// rounding decides which side of a relu an element is on, no element can be held to a bound of its
// own: the gradient may be off by a few times as much as the definition's, operator by operator in
// bf16.
TEST(CpuLenet, TrainingStepsAgreeWithTheReference) {
  for (const auto precision : {DType::f32, DType::bf16})
    for (const auto& without : pass_choices()) {
      SCOPED_TRACE(fmt::format("{} without {}", name(precision), fmt::join(without, ", ")));
      CpuExecutor cpu({2, without});
      const auto program = lenet::training({"b", 8}, precision, cpu.target());
      const Tensor images = lenet::images(8, 3), labels = lenet::labels(8, 3);
      const Tensor rate = Tensor::scalar(1.0f);
      const std::vector<const Tensor*> arguments{&images, &labels, &rate};
      const auto after_one_step = [&](Executor& executor) {
        States states(program, 1);
        std::vector<Tensor> outputs;
        executor.compile(program)->run(arguments, states, outputs);
        return states;
      };
      ReferenceExecutor wide(Precision::f64), narrow(Precision::native);
      const States initial(program, 1), got = after_one_step(cpu), exact = after_one_step(wide),
                                        rounded = after_one_step(narrow);
      for (const auto& parameter : got.names()) {
        const double moved = distance(exact.get(parameter), initial.get(parameter));
        EXPECT_GT(moved, 0) << parameter;
        const double allowed = precision == DType::f32
                                   ? 1e-5 * moved
                                   : 3 * distance(rounded.get(parameter), exact.get(parameter));
        EXPECT_LT(distance(got.get(parameter), exact.get(parameter)), allowed + 1e-7) << parameter;
      }
    }
}

}  // namespace
}  // namespace gnomon::exec
