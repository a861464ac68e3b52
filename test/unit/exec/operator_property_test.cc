// What holds for every operator of the list: a new one is tested by being listed.

#include <gtest/gtest.h>

#include <numeric>

#include "exec/reference/reference.h"
#include "ir/op_info.h"
#include "ir/regions.h"
#include "ir/text.h"
#include "operator_samples.h"

namespace gnomon::exec {
namespace {

using samples::Setting;

class OperatorTest : public ::testing::TestWithParam<samples::SampledOperator> {
 protected:
  // Calls f(sample) for samples of each type and batch size.
  template <typename F>
  static void for_each_sample(std::initializer_list<DType> types, F&& f) {
    for (const auto type : types)
      for (const auto batch : samples::batches())
        for (const auto& sample : GetParam().runnable(Setting{type, batch, false})) {
          SCOPED_TRACE(fmt::format("{}, {}, batch {}", sample.what, name(type), batch));
          f(sample);
        }
  }
};
INSTANTIATE_TEST_SUITE_P(All, OperatorTest, ::testing::ValuesIn(samples::operators()),
                         samples::name_of);

std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> all;
  for (const auto& tensor : tensors) all.push_back(&tensor);
  return all;
}

std::vector<Tensor> run(const ir::Program& program, const std::vector<Tensor>& arguments,
                        Precision precision) {
  States states(program, 1);
  std::vector<Tensor> outputs;
  ReferenceExecutable(program, precision).run(pointers(arguments), states, outputs);
  return outputs;
}

std::vector<double> elements(const Tensor& tensor) {
  const Tensor wide = convert(tensor, DType::f64);
  const auto span = wide.span<double>();
  return {span.begin(), span.end()};
}

TEST_P(OperatorTest, ResultsHaveTheTypesInferred) {
  for_each_sample({DType::f32, DType::bf16, DType::f64}, [](const samples::Sample& sample) {
    const auto outputs = run(sample.program, sample.arguments, Precision::native);
    ASSERT_EQ(outputs.size(), sample.program.outputs.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto& type = sample.program.type(sample.program.outputs[i].value);
      EXPECT_EQ(outputs[i].dtype(), type.dtype);
      EXPECT_EQ(outputs[i].shape(), ir::bound_shape(type.dims));
    }
  });
}

TEST_P(OperatorTest, NativePrecisionDiffersFromF64ByRounding) {
  for_each_sample({DType::f32, DType::bf16, DType::f64}, [](const samples::Sample& sample) {
    const auto native = run(sample.program, sample.arguments, Precision::native);
    const auto wide = run(sample.program, sample.arguments, Precision::f64);
    for (std::size_t i = 0; i < native.size(); ++i) {
      const auto type = sample.program.type(sample.program.outputs[i].value).dtype;
      const double unit = type == DType::bf16 ? 0x1p-8 : type == DType::f32 ? 0x1p-23 : 0x1p-52;
      const auto got = elements(native[i]), expected = elements(wide[i]);
      for (std::size_t k = 0; k < got.size(); ++k)
        if (got[k] != expected[k]) {  // both may be an infinity
          EXPECT_NEAR(got[k], expected[k], 64 * unit * std::max(1.0, std::abs(expected[k])));
        }
    }
  });
}

// The gradients of sum(weights * outputs), element by element, against central differences.
TEST_P(OperatorTest, GradientsAreFiniteDifferences) {
  const auto check = [](const samples::Sample& sample) {
    auto build = ir::Builder::extend(sample.program);
    const ir::Node node = build.program().nodes[sample.node];
    std::vector<ir::Value> outputs;
    auto arguments = sample.arguments;
    const auto weights = samples::make_gradients(build, sample);
    for (std::uint32_t i = 0; i < node.results.size(); ++i) {
      outputs.push_back({sample.node, i});
      if (!ir::is_token(node.results[i]))
        arguments.push_back(samples::distinct_values(node.results[i], 40 + i));
    }
    const auto answer = ir::gradient(node.op, {build, node.inputs, outputs, weights});
    if (const auto* none = std::get_if<ir::NotDifferentiable>(&answer)) {
      EXPECT_GT(none->why.size(), 10u) << "a reason is wanted";
      return;
    }
    const auto& gradients = std::get<ir::Gradients>(answer);
    ASSERT_EQ(gradients.size(), node.inputs.size());
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i]) {
        EXPECT_EQ(build.type(*gradients[i]), build.type(node.inputs[i]));
        build.output(fmt::format("gradient{}", i), *gradients[i]);
      }
    const auto derived = run(build.finish(), arguments, Precision::f64);

    const auto loss = [&](const std::vector<Tensor>& at) {
      const auto values = run(sample.program, at, Precision::f64);
      double total = 0;
      for (std::size_t o = 0; o < values.size(); ++o) {
        const auto y = elements(values[o]);
        const auto w = elements(arguments[sample.arguments.size() + o]);
        total += std::inner_product(y.begin(), y.end(), w.begin(), 0.0);
      }
      return total;
    };
    std::size_t next = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const bool flows = gradients[i].has_value();
      if (ir::is_token(sample.program.type(node.inputs[i]))) {
        EXPECT_FALSE(flows) << "nothing flows through tokens";
        continue;
      }
      // Inputs of a sample are its first nodes, in order.
      const std::size_t argument = node.inputs[i].node;
      const auto expected =
          flows ? elements(derived[next++])
                : std::vector<double>(static_cast<std::size_t>(sample.arguments[argument].count()));
      if (sample.arguments[argument].dtype() != DType::f64) {
        EXPECT_FALSE(flows) << "nothing flows through integers";
        continue;
      }
      constexpr double step = 1e-6;
      for (std::size_t k = 0; k < expected.size(); ++k) {
        auto above = sample.arguments, below = sample.arguments;
        above[argument].span<double>()[k] += step;
        below[argument].span<double>()[k] -= step;
        EXPECT_NEAR(expected[k], (loss(above) - loss(below)) / (2 * step), 2e-8)
            << "operand " << i << ", element " << k;
      }
    }
  };
  for (const std::int64_t batch : {0, 1, 3})
    for (const auto& sample : GetParam().runnable(Setting{DType::f64, batch, false})) {
      SCOPED_TRACE(fmt::format("{}, batch {}", sample.what, batch));
      check(sample);
    }
}

TEST_P(OperatorTest, PrintedTextParsesBack) {
  for (const bool symbolic : {false, true})
    for (const auto type : {DType::f32, DType::bf16})
      for (const auto& sample : GetParam().samples(Setting{type, 3, symbolic})) {
        const auto text = ir::print(sample.program);
        EXPECT_EQ(ir::parse(text, "sample.gir"), sample.program) << text;
        EXPECT_EQ(ir::print(ir::parse(text, "sample.gir")), text);
      }
}

TEST_P(OperatorTest, OperationsAreWhatIsVisited) {
  for_each_sample({DType::f32}, [](const samples::Sample& sample) {
    ReferenceExecutable executable(sample.program, Precision::native);
    States states(sample.program, 1);
    std::vector<Tensor> outputs;
    executable.run(pointers(sample.arguments), states, outputs);
    const auto& node = sample.program.nodes[sample.node];
    std::vector<ir::Type> operands;
    for (const auto value : node.inputs) operands.push_back(sample.program.type(value));
    const double counted =
        static_cast<double>(executable.points()[sample.node]) * sample.flops_per_point;
    const double derived = ir::cost(node.op, operands, node.results).flops.value;
    if (sample.padded && derived > 0)
      EXPECT_LT(counted, derived);
    else
      EXPECT_EQ(counted, derived);
  });
}

// Operators that name memory which is there already.
bool is_free(const ir::Op& op) {
  return std::holds_alternative<ir::Input>(op) || std::holds_alternative<ir::Read>(op) ||
         std::holds_alternative<ir::Write>(op) || std::holds_alternative<ir::Constant>(op) ||
         std::holds_alternative<ir::Reshape>(op);
}

TEST_P(OperatorTest, BytesAreThoseOfTheTensors) {
  for_each_sample({DType::f32, DType::bf16}, [](const samples::Sample& sample) {
    const auto& node = sample.program.nodes[sample.node];
    std::vector<ir::Type> operands;
    for (const auto value : node.inputs) operands.push_back(sample.program.type(value));
    double counted = 0;
    if (!is_free(node.op)) {
      for (const auto& output : run(sample.program, sample.arguments, Precision::native))
        counted += static_cast<double>(output.bytes());
      // Of its operand extent reads the shape alone; of its table gather reads the rows of its
      // result.
      if (std::holds_alternative<ir::Gather>(node.op))
        counted = 2 * counted + static_cast<double>(sample.arguments[1].bytes());
      else if (!std::holds_alternative<ir::Extent>(node.op))
        for (std::size_t i = 0; i < node.inputs.size(); ++i)
          if (!ir::is_token(operands[i]))
            counted += static_cast<double>(sample.arguments[i].bytes());
      if (const auto* repeat = std::get_if<ir::Repeat>(&node.op))
        counted *= static_cast<double>(repeat->count);
    }
    EXPECT_EQ(counted, ir::cost(node.op, operands, node.results).bytes.value);
  });
}

// Makes an attribute differ from what it was.
template <typename T>
void change(T& attribute) {
  if constexpr (std::is_same_v<T, bool>)
    attribute = !attribute;
  else if constexpr (std::is_same_v<T, std::string>)
    attribute += "x";
  else if constexpr (std::is_same_v<T, std::vector<std::int64_t>>)
    attribute.push_back(7);
  else if constexpr (std::is_same_v<T, ir::Reduction>)
    attribute = attribute == ir::Reduction::sum ? ir::Reduction::max : ir::Reduction::sum;
  else if constexpr (std::is_same_v<T, DType>)
    attribute = attribute == DType::i8 ? DType::u8 : DType::i8;
  else if constexpr (std::is_same_v<T, ir::Blob>)
    attribute = ir::Blob(Tensor(DType::u8, {7}));
  else if constexpr (std::is_same_v<T, ir::Region>) {
    auto body = attribute.program();
    body.nodes.back().label += "x";
    attribute = ir::Region(body);
  } else {
    attribute += 1;
  }
}

template <typename O>
void expect_deep_equality(const O& op) {
  O changed = op;
  EXPECT_EQ(changed, op);
  ir::for_each_attribute(changed, [&](std::string_view attribute, auto& member) {
    const auto before = member;
    change(member);
    EXPECT_NE(changed, op) << attribute;
    member = before;
  });
  if constexpr (requires { changed.type; }) {
    changed.type.dims.emplace_back(7);
    EXPECT_NE(changed, op) << "declared type";
  }
}

TEST_P(OperatorTest, EqualityIsDeep) {
  for (const auto& sample : GetParam().samples(Setting{DType::f32, 3, false}))
    std::visit([](const auto& op) { expect_deep_equality(op); },
               sample.program.nodes[sample.node].op);
}

TEST_P(OperatorTest, SpecialisedIsAsBuiltForThatSize) {
  for (const auto batch : samples::batches()) {
    const auto open = GetParam().samples(Setting{DType::f32, batch, true});
    const auto fixed = GetParam().samples(Setting{DType::f32, batch, false});
    for (std::size_t i = 0; i < open.size(); ++i) {
      SCOPED_TRACE(fmt::format("{}, batch {}", open[i].what, batch));
      EXPECT_EQ(ir::specialise(open[i].program, {{"b", batch}}), fixed[i].program);
      if (ir::ranks(open[i].program.nodes[open[i].node].op) > 1) continue;  // needs the others
      EXPECT_EQ(run(open[i].program, open[i].arguments, Precision::native),
                run(fixed[i].program, fixed[i].arguments, Precision::native));
    }
  }
}

}  // namespace
}  // namespace gnomon::exec
