// Every pass keeps the meaning of programs: the reference executor computes the same outputs and
// states before and after, on real models and on random programs, with each pass left out in turn.

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/random.h"
#include "exec/reference/reference.h"
#include "exec/states.h"
#include "pass/mixed_precision.h"
#include "pass/pipeline.h"
#include "unit/pass/fake_target.h"
#include "unit/pass/models.h"

namespace gnomon::exec {
namespace {

Tensor argument(const ir::Input& input, const Random& random) {
  Tensor tensor(input.type.dtype, ir::bound_shape(input.type.dims));
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(tensor.count()); ++i)
    if (tensor.dtype() == DType::i32)
      tensor.span<std::int32_t>()[i] = static_cast<std::int32_t>(random.below(10, i));
    else
      tensor.span<float>()[i] = static_cast<float>(random.uniform(i) - 0.5);
  return tensor;
}

// All numbers that two runs leave behind: outputs of the second, and states.
std::map<std::string, Tensor> outcome(const ir::Program& program,
                                      Precision precision = Precision::native) {
  ReferenceExecutor executor(precision);
  auto executable = executor.compile(program);
  std::vector<Tensor> arguments;
  for (const auto node : ir::inputs_of(program)) {
    const auto& input = std::get<ir::Input>(program.nodes[node].op);
    arguments.push_back(argument(input, Random(7, input.argument)));
  }
  std::vector<const Tensor*> pointers;
  for (const auto& tensor : arguments) pointers.push_back(&tensor);
  States states(program, 3);
  std::vector<Tensor> outputs;
  for (int run = 0; run < 2; ++run) executable->run(pointers, states, outputs);
  std::map<std::string, Tensor> all;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    all.emplace("output " + program.outputs[i].name, outputs[i]);
  for (const auto& state : program.states) all.emplace(state.name, states.get(state.name));
  return all;
}

void expect_close(const std::map<std::string, Tensor>& left,
                  const std::map<std::string, Tensor>& right, double tolerance) {
  ASSERT_EQ(left.size(), right.size());
  for (const auto& [name, tensor] : left) {
    const Tensor a = convert(tensor, DType::f64), b = convert(right.at(name), DType::f64);
    ASSERT_EQ(a.shape(), b.shape()) << name;
    double scale = 1e-30, worst = 0;
    for (std::size_t i = 0; i < a.span<double>().size(); ++i) {
      const double x = a.span<double>()[i], y = b.span<double>()[i];
      ASSERT_EQ(std::isnan(x), std::isnan(y)) << name;
      if (x == y || std::isnan(x)) continue;
      worst = std::max(worst, std::abs(x - y));
      scale = std::max(scale, std::abs(x));
    }
    EXPECT_LE(worst, tolerance * std::max(scale, 1e-3)) << name;
  }
}

ir::Program with_starts(ir::Program program) {
  for (auto& state : program.states)
    if (state.role == ir::Role::parameter) state.initial = {ir::Initial::Kind::uniform, 0.3};
  return program;
}

std::vector<ir::Program> models() {
  return {with_starts(test::mlp(2, 9, 3)), with_starts(test::lenet(2))};
}

pass::PipelineOptions training() {
  pass::PipelineOptions options;
  options.training = pass::Training{"loss", {pass::Sgd{0.9, 1e-2}}};
  return options;
}

// The steps that are taken of every program.
std::vector<std::string> steps_always_taken() {
  auto steps = pass::pipeline_steps();
  const std::set<std::string> asked_for = {"mixed_precision", "gradient", "update"};
  std::erase_if(steps, [&](const std::string& step) { return asked_for.contains(step); });
  return steps;
}

TEST(PassMeaning, TrainingStepsComputeTheSame) {
  for (const auto& model : models()) {
    auto plain = training();
    plain.after = "update";
    const auto expected = outcome(pass::lower(model, test::FakeTarget(), plain).program);
    expect_close(expected, outcome(pass::lower(model, test::FakeTarget(), training()).program),
                 1e-5);
    for (const auto& left_out : steps_always_taken()) {
      auto options = training();
      options.without = {left_out};
      expect_close(expected, outcome(pass::lower(model, test::FakeTarget(), options).program),
                   1e-5);
    }
  }
}

// Where nothing is rounded, conversions mean nothing.
TEST(PassMeaning, MixedPrecisionChangesNothingButRounding) {
  for (const auto& model : models()) {
    auto narrow = training();
    narrow.precision = DType::bf16;
    auto after = training();
    after.after = "update";
    const auto step = pass::lower(model, test::FakeTarget(), after).program;
    const auto expected = outcome(step, Precision::f64);
    expect_close(expected,
                 outcome(pass::lower(model, test::FakeTarget(), narrow).program, Precision::f64),
                 1e-5);
    expect_close(expected, outcome(pass::mixed_precision(step), Precision::f64), 1e-5);
  }
}

// Graphs of everything that simplify and fuse have rules for.
ir::Program random_program(std::uint64_t seed) {
  using namespace ir;
  const Random random(seed, "programs");
  std::uint64_t draw = 0;
  const auto below = [&](std::size_t n) { return random.below(n, draw++); };
  Builder b("random");
  const Type square{DType::f32, {4, 4}}, row{DType::f32, {4}};
  std::vector<Value> values = {b.input("x", square), b.parameter("w", square, {})};
  const auto pick = [&] { return values[below(values.size())]; };
  const auto number = [&] { return b(Full{static_cast<double>(below(3)), square}, {}); };
  const auto add = [&](Op op, std::vector<Value> x) {
    values.push_back(b.append(std::move(op), std::move(x))[0]);
  };
  for (int i = 0; i < 40; ++i) switch (below(14)) {
      case 0:
        add(Add{}, {pick(), number()});
        break;
      case 1:
        add(Multiply{}, {number(), pick()});
        break;
      case 2:
        add(Divide{}, {pick(), number()});
        break;
      case 3:
        add(Negate{}, {pick()});
        break;
      case 4:
        add(Relu{}, {pick()});
        break;
      case 5:
        add(Subtract{}, {pick(), pick()});
        break;
      case 6:
        add(Maximum{}, {pick(), pick()});
        break;
      case 7:
        add(Transpose{{1, 0}}, {pick()});
        break;
      case 8:
        add(MatMul{below(2) == 1, below(2) == 1}, {pick(), pick()});
        break;
      case 9:
        add(Reshape{square}, {b(Relu{}, {b(Reshape{{DType::f32, {16}}}, {pick()})})});
        break;
      case 10:
        add(Broadcast{{1}, square}, {b(Sum{2, {0}}, {pick()})});
        break;
      case 11:
        add(Convert{DType::f32}, {b(Convert{below(2) ? DType::bf16 : DType::f64}, {pick()})});
        break;
      case 12:
        add(Add{}, {b(Broadcast{{0}, square}, {b.full_like(b(Sum{2, {1}}, {pick()}), 2)}), pick()});
        break;
      default:
        add(Step{}, {pick()});
    }
  b.write("w", pick());
  for (int i = 0; i < 3; ++i) b.output(fmt::format("y{}", i), pick());
  return with_starts(b.finish());
}

TEST(PassMeaning, RandomProgramsComputeTheSame) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto program = random_program(seed);
    const auto expected = outcome(program);
    auto choices = steps_always_taken();
    choices.emplace_back("none");
    for (const auto& left_out : choices) {
      pass::PipelineOptions options;
      if (left_out != "none") options.without = {left_out};
      expect_close(expected, outcome(pass::lower(program, test::FakeTarget(), options).program),
                   1e-6);
      if (testing::Test::HasFailure()) FAIL() << "seed " << seed << " without " << left_out;
    }
  }
}

}  // namespace
}  // namespace gnomon::exec
