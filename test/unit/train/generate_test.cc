#include "train/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"

namespace gnomon::train {
namespace {

using Tokens = std::vector<std::int32_t>;
using Logits = std::vector<float>;

constexpr std::size_t context = 8;
constexpr std::int32_t vocabulary = 11;

ModelShape small() {
  ModelShape shape;
  shape.batch = 1;
  shape.context = context;
  shape.vocabulary = vocabulary;
  shape.layers = 2;
  shape.features = 32;
  shape.heads = 4;
  return shape;
}

Tokens text_of(std::size_t length) {
  Tokens tokens;
  for (std::size_t i = 0; i < length; ++i)
    tokens.push_back(static_cast<std::int32_t>((i * i * 5 + i * 3) % vocabulary));
  return tokens;
}

Logits copied(std::span<const float> logits) { return {logits.begin(), logits.end()}; }

float largest_difference(const Logits& a, const Logits& b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

class GenerateTest : public testing::Test {
 protected:
  // Weights large enough that what is seen decides what follows.
  GenerateTest() {
    for (const auto& state : inference_.states) {
      Tensor value = states_.get(state.name);
      if (state.initial.kind == ir::Initial::Kind::constant) continue;
      for (auto& element : value.span<float>()) element *= 3;
      states_.set(state.name, value);
    }
  }

  Decoder decoder(bool cache, Precision precision = Precision::f32) {
    return {text_model("gpt-nano", small(), cache, precision), cpu_, states_};
  }

  // The logits after each token of `text` from the last of the prompt on.
  static std::vector<Logits> logits(Decoder decoder, const Tokens& text, std::size_t prompt) {
    std::vector<Logits> all{copied(decoder.begin(std::span(text).first(prompt)))};
    for (std::size_t i = prompt; i < text.size(); ++i) all.push_back(copied(decoder.add(text[i])));
    return all;
  }

  // What the whole model says of these tokens alone.
  Logits logits_of(std::span<const std::int32_t> tokens) {
    Tensor window(DType::i32, {1, context});
    std::copy(tokens.begin(), tokens.end(), window.span<std::int32_t>().begin());
    const Tensor* arguments[] = {&window};
    std::vector<Tensor> outputs;
    whole_->run(arguments, states_, outputs);
    return copied(outputs[0].span<float>().subspan((tokens.size() - 1) * vocabulary, vocabulary));
  }

  static Tokens generated(Decoder decoder, const Tokens& prompt, const Sampling& sampling,
                          std::int64_t count = 40) {
    Tokens ids;
    generate(decoder, prompt, count, sampling,
             [&](std::int32_t id) { return ids.push_back(id), true; });
    return ids;
  }

  exec::CpuExecutor cpu_;
  ir::Program inference_ = build_model("gpt-nano", small(), Mode::inference);
  exec::States states_{inference_, 3};
  std::unique_ptr<exec::Executable> whole_ = cpu_.compile(inference_);
};

TEST_F(GenerateTest, AFullWindowDropsItsOlderHalf) {
  const Tokens text = text_of(16);
  // After the prompt and each token further: the first token that is seen.
  const auto expect = [&](std::size_t prompt, const std::vector<std::size_t>& firsts) {
    for (const bool cache : {false, true}) {
      const auto found = logits(decoder(cache), text, prompt);
      for (std::size_t i = 0; i < firsts.size(); ++i) {
        const auto end = prompt + i;
        const auto seen = std::span(text).subspan(firsts[i], end - firsts[i]);
        EXPECT_LT(largest_difference(found[i], logits_of(seen)), 1e-5)
            << "prompt " << prompt << ", token " << end << ", cache " << cache;
      }
    }
  };
  const auto tokens = std::span(text);
  EXPECT_GT(largest_difference(logits_of(tokens.first(8)), logits_of(tokens.subspan(1, 7))), 1e-2)
      << "what is seen must matter";
  expect(6, {0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10});
  expect(8, {0, 5, 5, 5, 5, 5, 10});
  expect(13, {5, 10, 10, 10});
  expect(1, {0, 0, 0, 0, 0, 0, 0, 0, 5});
}

TEST_F(GenerateTest, CachesGiveTheLogitsOfTheWholeModel) {
  const Tokens text = text_of(30);
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const std::size_t prompt : {1, 5, 8, 13}) {
      const auto whole = logits(decoder(false, precision), text, prompt);
      const auto cached = logits(decoder(true, precision), text, prompt);
      ASSERT_EQ(whole.size(), cached.size());
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_LT(largest_difference(whole[i], cached[i]),
                  precision == Precision::f32 ? 1e-5 : 5e-2)
            << name(precision) << ", prompt " << prompt << ", token " << i;
    }
}

TEST_F(GenerateTest, CachesGiveTheSameText) {
  for (const std::size_t length : {1, 5, 8, 13})
    for (const Sampling& sampling : {Sampling{0, 0, 0}, Sampling{1, 0, 7}, Sampling{0.7, 3, 8}})
      EXPECT_EQ(generated(decoder(true), text_of(length), sampling),
                generated(decoder(false), text_of(length), sampling))
          << length << " " << sampling.seed;
}

TEST_F(GenerateTest, TheReferenceSaysTheSame) {
  exec::ReferenceExecutor reference;
  const auto fast = logits(decoder(true), text_of(12), 3);
  const auto slow =
      logits(Decoder(text_model("gpt-nano", small(), true, Precision::f32), reference, states_),
             text_of(12), 3);
  for (std::size_t i = 0; i < fast.size(); ++i)
    EXPECT_LT(largest_difference(fast[i], slow[i]), 1e-5) << i;
}

TEST_F(GenerateTest, ADecoderForgetsTheTextBefore) {
  auto used = decoder(true);
  used.prepare();
  used.begin(text_of(7));
  used.add(4);
  const Tokens other{3, 1, 4};
  EXPECT_EQ(copied(used.begin(other)), copied(decoder(true).begin(other)));
  EXPECT_EQ(copied(used.add(5)), logits(decoder(true), {3, 1, 4, 5}, 3).back());
}

// Bit by bit: caches of a long text gather no rounding.
TEST_F(GenerateTest, DecodingChangesACacheAtItsPositionAlone) {
  const auto model = text_model("gpt-nano", small(), true, Precision::f32);
  exec::States states(model.window, 3);
  std::vector<Tensor> outputs;
  const Tensor window = Tensor::of<std::int32_t>({1, context}, text_of(context));
  const Tensor* tokens[] = {&window};
  cpu_.compile(model.window)->run(tokens, states, outputs);
  const auto name = "layer1.attention.value_cache";
  const Tensor before = states.get(name);
  const Tensor token = Tensor::of<std::int32_t>({1, 1}, Tokens{9});
  const Tensor position = Tensor::scalar<std::int64_t>(5);
  const Tensor* arguments[] = {&token, &position};
  cpu_.compile(*model.decode)->run(arguments, states, outputs);
  const Tensor after = states.get(name);
  for (std::size_t i = 0; i < before.span<float>().size(); ++i)
    EXPECT_EQ(before.span<float>()[i] == after.span<float>()[i], i % context != 5) << i;
}

TEST_F(GenerateTest, WhatIsKeptOfAModelHoldsNoCaches) {
  auto names = states_.names();
  generated(decoder(true), {1, 2}, {});
  EXPECT_EQ(states_.names(), names);
  ModelFile file;
  take_states(inference_, states_, file);
  EXPECT_EQ(file.states.size(), names.size());
  for (const auto& [name, value] : file.states) EXPECT_EQ(name.find("cache"), name.npos);
}

TEST_F(GenerateTest, AModelThatIsAProgramGoesWithoutCaches) {
  ModelFile file;
  file.model = "gpt-nano";
  file.shape = small();
  EXPECT_TRUE(text_model(file, true, Precision::f32).decode);
  EXPECT_FALSE(text_model(file, false, Precision::f32).decode);
  file.program = inference_;
  const auto model = text_model(file, true, Precision::f32);
  EXPECT_FALSE(model.decode);
  Decoder own(model, cpu_, states_);
  EXPECT_FALSE(own.has_cache());
  EXPECT_EQ(generated(std::move(own), {1, 2}, {}), generated(decoder(true), {1, 2}, {}));
}

TEST_F(GenerateTest, GenerationIsAFunctionOfItsSeed) {
  const auto text = [&](double temperature, std::uint64_t seed, std::int64_t top) {
    return generated(decoder(true), {1, 2}, {temperature, top, seed}, 20);
  };
  EXPECT_EQ(text(1, 1, 0), text(1, 1, 0));
  EXPECT_NE(text(1, 1, 0), text(1, 2, 0));
  EXPECT_EQ(text(0, 1, 0), text(0, 2, 0)) << "the likeliest token is not drawn";
  EXPECT_EQ(text(0, 1, 0), text(5, 9, 1)) << "nor is it among one";
}

TEST_F(GenerateTest, GenerationEndsWhenItIsTold) {
  auto whole = decoder(true);
  for (const std::int64_t asked : {0, 1, 5}) {
    std::int64_t count = 0;
    generate(whole, Tokens{1}, asked, {}, [&](std::int32_t) { return ++count < 3; });
    EXPECT_EQ(count, std::min<std::int64_t>(asked, 3));
  }
}

TEST_F(GenerateTest, WhatMakesNoSenseIsRefused) {
  const auto nothing = [](std::int32_t) { return true; };
  auto one = decoder(true);
  EXPECT_THROW(generate(one, {}, 1, {}, nothing), InputError);
  EXPECT_THROW(generate(one, Tokens{1}, 1, {-1, 0, 0}, nothing), InputError);
  EXPECT_THROW(Decoder({build_model("mlp", {}, Mode::inference), {}}, cpu_, states_), InputError);
  const exec::States others(build_model("mlp", {}, Mode::inference), 0);
  EXPECT_THROW(Decoder({inference_, {}}, cpu_, others), InputError);
}

}  // namespace
}  // namespace gnomon::train
