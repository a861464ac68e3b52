#include "train/zoo/zoo.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "exec/reference/reference.h"
#include "ir/op_info.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace gnomon::train {
namespace {

// A small shape that every model can have.
ModelShape small() {
  ModelShape shape;
  shape.batch = 2;
  shape.context = 8;
  shape.vocabulary = 11;
  shape.layers = 2;
  shape.features = 12;
  shape.heads = 3;
  return shape;
}

std::int64_t parameters(const ir::Program& program) {
  std::int64_t count = 0;
  for (const auto& state : program.states)
    if (state.role == ir::Role::parameter) count += element_count(ir::bound_shape(state.type.dims));
  return count;
}

TEST(Zoo, EveryModelVerifiesAndReadsBack) {
  for (const auto& name : model_names())
    for (const Mode mode : {Mode::training, Mode::inference, Mode::prefill, Mode::decode}) {
      if (mode >= Mode::prefill && family_of(name) != Family::language_model) continue;
      auto shape = small();
      shape.dropout = 0.1;
      const auto program = build_model(name, shape, mode);
      EXPECT_NO_THROW(ir::verify(program)) << name;
      EXPECT_EQ(ir::parse(ir::print(program), name), program) << name;
    }
}

TEST(Zoo, TrainingAndInferenceHaveTheSameStates) {
  for (const auto& name : model_names()) {
    const auto training = build_model(name, small(), Mode::training);
    const auto inference = build_model(name, small(), Mode::inference);
    ASSERT_EQ(training.states.size(), inference.states.size()) << name;
    for (std::size_t i = 0; i < training.states.size(); ++i)
      EXPECT_EQ(training.states[i], inference.states[i]) << name;
  }
}

// So what is kept of a trained model holds no caches.
TEST(Zoo, PrefillAndDecodeAddTheirCachesToTheStatesOfInference) {
  const auto inference = build_model("gpt-nano", small(), Mode::inference);
  const auto prefill = build_model("gpt-nano", small(), Mode::prefill);
  const auto decode = build_model("gpt-nano", small(), Mode::decode);
  EXPECT_EQ(prefill.states, decode.states);
  std::vector<ir::State> parameters;
  for (const auto& state : prefill.states) {
    if (state.role == ir::Role::parameter) {
      parameters.push_back(state);
      continue;
    }
    EXPECT_TRUE(state.name.ends_with("key_cache") || state.name.ends_with("value_cache"));
    EXPECT_EQ(state.type, (ir::Type{DType::f32, {2, 3, 4, 8}}));
  }
  EXPECT_EQ(parameters, inference.states);
  EXPECT_EQ(prefill.states.size(), inference.states.size() + 2 * 2) << "two a layer";
}

TEST(Zoo, OnlyLanguageModelsPrefillAndDecode) {
  for (const auto* name : {"lenet", "mlp", "resnet20", "resnet20x2"})
    for (const Mode mode : {Mode::prefill, Mode::decode})
      EXPECT_THROW(build_model(name, small(), mode), InputError) << name;
}

// As published: He et al. give 0.27 million parameters for depth 20 (here one channel less three,
// and projections instead of padding), 0.46 million for 32.
TEST(Zoo, ResNetsHaveTheSizesOfTheirDepths) {
  const auto count = [](std::string_view name) {
    return parameters(build_model(name, {}, Mode::inference));
  };
  EXPECT_EQ(count("lenet"), 61706);
  EXPECT_EQ(count("resnet20"), 272186);
  EXPECT_EQ(count("resnet32"), 466618);
  EXPECT_NEAR(static_cast<double>(count("resnet20x2")) / static_cast<double>(count("resnet20")), 4,
              0.05);
}

TEST(Zoo, FamiliesGoByTheirNames) {
  EXPECT_EQ(family_of("resnet56"), Family::image_classifier);
  EXPECT_EQ(family_of("gpt-mini"), Family::language_model);
  for (const auto* wrong : {"resnet21", "resnet20x0", "resnet", "gpt", "resnet20x"})
    EXPECT_THROW(family_of(wrong), InputError) << wrong;
}

TEST(Zoo, HeadsMustDivideTheWidth) {
  auto shape = small();
  shape.heads = 5;
  EXPECT_THROW(build_model("gpt-nano", shape, Mode::inference), InputError);
}

class GptTest : public testing::Test {
 protected:
  std::vector<float> logits(std::vector<std::int32_t> tokens) {
    tokens.resize(16);
    const Tensor argument = Tensor::of<std::int32_t>({2, 8}, tokens);
    const Tensor* arguments[] = {&argument};
    std::vector<Tensor> outputs;
    executor_.compile(model_)->run(arguments, states_, outputs);
    const auto values = outputs.at(0).span<float>();
    return {values.begin(), values.end()};
  }

  ir::Program model_ = build_model("gpt-nano", small(), Mode::inference);
  exec::ReferenceExecutor executor_;
  exec::States states_{model_, 3};
};

TEST_F(GptTest, APositionSeesOnlyWhatIsBeforeIt) {
  const auto one = logits({1, 2, 3, 4, 5, 6, 7, 8}), other = logits({1, 2, 3, 4, 9, 9, 9, 9});
  for (std::size_t i = 0; i < 4 * 11; ++i) EXPECT_EQ(one[i], other[i]) << i;
  for (std::size_t position = 4; position < 8; ++position)
    EXPECT_NE(one[position * 11], other[position * 11]);
}

}  // namespace
}  // namespace gnomon::train
