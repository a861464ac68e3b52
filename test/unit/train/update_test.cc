// Optimisers against their formulas, written out in f64.

#include "pass/update.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"
#include "pass/gradient.h"

namespace gnomon::pass {
namespace {

constexpr double rate = 0.125;  // exact in f32
constexpr int steps = 5;
// The gradient of Σ w·x is x: what the parameters are given, step by step.
constexpr double gradients[steps][3] = {
    {1, -2, 0.5}, {0.3, 4, -1}, {-2, 0.1, 0}, {1e-3, 1e-3, 1e-3}, {5, 5, -5}};

struct After {
  std::vector<double> weights, averages, norms;
};

After run(const Update& options) {
  ir::Builder b("slope");
  const ir::Type type{DType::f64, {3}};
  const auto x = b.input("x", type), w = b.parameter("w", type, {ir::Initial::Kind::constant, 1});
  b.output("loss", b(ir::Sum{1, {0}}, {b(ir::Multiply{}, {x, w})}));
  const auto program = update(gradient(b.finish(), "loss"), options);
  exec::ReferenceExecutor executor;
  const auto executable = executor.compile(program);
  exec::States states(program, 0);
  After after;
  std::vector<Tensor> outputs;
  for (int t = 1; t <= steps; ++t) {
    const Tensor given = Tensor::of<double>({3}, gradients[t - 1]);
    const Tensor learning_rate = Tensor::scalar(static_cast<float>(rate)),
                 step = Tensor::scalar<std::int64_t>(t);
    std::vector<const Tensor*> arguments;
    for (const auto node : ir::inputs_of(program)) {
      const auto& name = std::get<ir::Input>(program.nodes[node].op).argument;
      arguments.push_back(name == "x"                   ? &given
                          : name == learning_rate_input ? &learning_rate
                                                        : &step);
    }
    executable->run(arguments, states, outputs);
    if (options.report_norm)
      after.norms.push_back(convert(outputs.back(), DType::f64).span<double>()[0]);
  }
  const auto values = [&](const std::string& name) {
    const Tensor tensor = states.get(name);
    const auto span = tensor.span<double>();
    return std::vector<double>(span.begin(), span.end());
  };
  after.weights = values("w");
  if (options.average_decay > 0) after.averages = values("w.average");
  return after;
}

void expect_near(const std::vector<double>& seen, const std::vector<double>& wanted) {
  ASSERT_EQ(seen.size(), wanted.size());
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_NEAR(seen[i], wanted[i], 1e-7) << i;
}

TEST(Update, SgdIsItsFormula) {
  const Sgd sgd{0.9, 0.01};
  std::vector<double> w(3, 1), m(3, 0);
  for (const auto& g : gradients)
    for (std::size_t i = 0; i < 3; ++i) {
      m[i] = sgd.momentum * m[i] + g[i] + sgd.weight_decay * w[i];
      w[i] -= rate * m[i];
    }
  expect_near(run({sgd}).weights, w);
}

TEST(Update, AdamWIsItsFormula) {
  const AdamW adam{0.9, 0.99, 1e-3, 0.1};
  std::vector<double> w(3, 1), m(3, 0), v(3, 0);
  for (int t = 1; t <= steps; ++t)
    for (std::size_t i = 0; i < 3; ++i) {
      const double g = gradients[t - 1][i];
      w[i] -= rate * adam.weight_decay * w[i];
      m[i] = adam.beta1 * m[i] + (1 - adam.beta1) * g;
      v[i] = adam.beta2 * v[i] + (1 - adam.beta2) * g * g;
      const double mean = m[i] / (1 - std::pow(adam.beta1, t)),
                   square = v[i] / (1 - std::pow(adam.beta2, t));
      w[i] -= rate * mean / (std::sqrt(square) + adam.epsilon);
    }
  expect_near(run({adam}).weights, w);
}

TEST(Update, LongGradientsAreShortenedAndShortOnesNot) {
  std::vector<double> w(3, 1), norms;
  for (const auto& g : gradients) {
    const double norm = std::hypot(g[0], g[1], g[2]), factor = std::min(1.0, 2 / (norm + 1e-6));
    norms.push_back(norm);
    for (std::size_t i = 0; i < 3; ++i) w[i] -= rate * factor * g[i];
  }
  const auto after = run({Sgd{}, 2, true});
  expect_near(after.weights, w);
  expect_near(after.norms, norms);
}

TEST(Update, AveragesFollowTheWeights) {
  std::vector<double> w(3, 1), average(3, 0);
  for (const auto& g : gradients)
    for (std::size_t i = 0; i < 3; ++i) {
      w[i] -= rate * g[i];
      average[i] = 0.8 * average[i] + 0.2 * w[i];
    }
  const auto after = run({Sgd{}, 0, false, 0.8});
  expect_near(after.weights, w);
  expect_near(after.averages, average);
}

TEST(Update, CoefficientsOutOfRangeAreRefused) {
  EXPECT_THROW(run({AdamW{1, 0.9, 1e-8, 0}}), InputError);
  EXPECT_THROW(run({Sgd{}, -1}), InputError);
  EXPECT_THROW(run({Sgd{}, 0, false, 1}), InputError);
}

}  // namespace
}  // namespace gnomon::pass
