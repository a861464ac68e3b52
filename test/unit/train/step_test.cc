// One step, done in other ways: in parts, and in less memory.

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "train/replay.h"
#include "train/step_runner.h"
#include "train/zoo/zoo.h"
#include "unit/error_of.h"

namespace gnomon::train {
namespace {

constexpr std::int64_t side = 16, examples = 64, vocabulary = 20, context = 16;

data::Dataset images() {
  Tensor pixels(DType::u8, {examples, 1, side, side}), labels(DType::u8, {examples});
  const Random noise(3, "images");
  std::uint64_t draw = 0;
  for (auto& pixel : pixels.span<std::uint8_t>())
    pixel = static_cast<std::uint8_t>(noise.below(256, draw++));
  for (auto& label : labels.span<std::uint8_t>())
    label = static_cast<std::uint8_t>(noise.below(10, draw++));
  return data::make_dataset("images", std::move(pixels), std::move(labels));
}

data::Dataset texts() {
  Tensor tokens(DType::i32, {examples, context}), labels(DType::i32, {examples, context});
  const Random noise(4, "texts");
  std::uint64_t draw = 0;
  for (auto* part : {&tokens, &labels})
    for (auto& token : part->span<std::int32_t>())
      token = static_cast<std::int32_t>(noise.below(vocabulary, draw++));
  return data::make_dataset("texts", std::move(tokens), std::move(labels));
}

data::Splits data_of(const std::string& model) {
  const auto part = model.starts_with("gpt") ? texts() : images();
  return {part, part};
}

TrainOptions options_of(const std::string& model) {
  TrainOptions options;
  options.steps = 3;
  options.batch = 16;
  options.learning_rate = 0.01;
  options.update.report_norm = true;
  if (model.starts_with("gpt")) options.update.optimiser = pass::AdamW{};
  return options;
}

Model model_of(const std::string& name, const TrainOptions& options, double dropout = 0) {
  ModelShape shape;
  shape.batch = options.at_once();
  shape.height = shape.width = side;
  shape.vocabulary = vocabulary;
  shape.context = context;
  shape.layers = 3;
  shape.features = 32;
  shape.heads = 2;
  shape.dropout = dropout;
  return model_named(name, shape);
}

struct Run {
  std::vector<Step> steps;
  Snapshot snapshot;
  std::optional<pass::Recomputation> recomputation;
};

Run run_of(const std::string& model, const TrainOptions& options, double dropout = 0) {
  const auto data = data_of(model);
  exec::CpuExecutor executor({.threads = 1});
  Trainer trainer(model_of(model, options, dropout), executor, data, options);
  Run run;
  trainer.run({.step = [&](const Step& step) { run.steps.push_back(step); }});
  run.snapshot = trainer.snapshot();
  run.recomputation = trainer.recomputation();
  return run;
}

TEST(Step, InPartsIsThatOfTheWholeBatchButForRounding) {
  for (const std::string model : {"mlp", "lenet", "gpt-nano"}) {
    const auto whole = run_of(model, options_of(model));
    for (const std::int64_t microbatch : {1, 4, 16}) {
      auto options = options_of(model);
      options.microbatch = microbatch;
      const auto parts = run_of(model, options);
      ASSERT_EQ(parts.steps.size(), whole.steps.size());
      for (std::size_t i = 0; i < parts.steps.size(); ++i) {
        EXPECT_NEAR(parts.steps[i].loss, whole.steps[i].loss, 1e-4) << model << ' ' << microbatch;
        EXPECT_NEAR(parts.steps[i].gradient_norm / whole.steps[i].gradient_norm, 1, 1e-3)
            << model << ' ' << microbatch;
      }
      // Checkpoints hold no sums of gradients.
      EXPECT_EQ(parts.snapshot.states.size(), whole.snapshot.states.size());
    }
  }
}

TEST(Step, InPartsDropsOtherActivationsInEachPart) {
  auto options = options_of("gpt-nano");
  options.steps = 1;
  options.learning_rate = 1e-9;
  // All examples are the same: without dropout, all parts would be.
  auto data = data_of("gpt-nano");
  for (auto* tensor : {&data.train.inputs, &data.train.labels}) {
    auto span = tensor->span<std::int32_t>();
    for (std::size_t i = context; i < span.size(); ++i) span[i] = span[i % context];
  }
  const auto norm = [&](std::int64_t batch, std::int64_t microbatch) {
    options.batch = batch;
    options.microbatch = microbatch;
    exec::CpuExecutor executor({.threads = 1});
    Trainer trainer(model_of("gpt-nano", options, 0.5), executor, data, options);
    double last = 0;
    trainer.run({.step = [&](const Step& step) { last = step.gradient_norm; }});
    return last;
  };
  // Gradients that differ cancel in part.
  EXPECT_LT(norm(16, 1), 0.9 * norm(1, 1));
}

TEST(Step, InPartsResumesBitByBit) {
  auto options = options_of("lenet");
  options.microbatch = 4;
  const auto data = data_of("lenet");
  exec::CpuExecutor executor({.threads = 1});
  const auto make = [&] {
    return std::make_unique<Trainer>(model_of("lenet", options), executor, data, options);
  };
  const auto whole = make();
  whole->run();
  const auto first = make(), second = make();
  first->advance(2);
  second->first_nonfinite(executor);  // leaves gradients behind
  second->resume(first->snapshot());
  second->run();
  EXPECT_EQ(whole->snapshot().states, second->snapshot().states);
}

TEST(Step, APartThatDoesNotDivideTheBatchIsRefused) {
  auto options = options_of("mlp");
  for (const std::int64_t microbatch : {-1, 3, 17, 32}) {
    options.microbatch = microbatch;
    EXPECT_NE(test::error_of([&] { run_of("mlp", options); }).find("must divide the batch, 16"),
              std::string::npos);
  }
}

TEST(Step, DivergenceInAPartIsTracedToAnOperator) {
  auto options = options_of("mlp");
  options.microbatch = 4;
  options.learning_rate = 1000;
  options.steps = 40;
  options.schedule = Schedule::constant;
  const auto data = data_of("mlp");
  exec::CpuExecutor executor({.threads = 1});
  Trainer trainer(model_of("mlp", options), executor, data, options);
  const Snapshot start = trainer.snapshot();
  std::int64_t at = 0;
  try {
    trainer.run();
  } catch (const NotFinite& error) {
    at = error.step.number;
  }
  ASSERT_GT(at, 0);
  const auto origin = find_origin(trainer, executor, start, at);
  ASSERT_TRUE(origin.has_value());
  EXPECT_FALSE(origin->isolated.what.empty());
  EXPECT_LE(origin->step, at);
}

TEST(Step, InLessMemoryGivesTheSameBits) {
  for (const std::string model : {"lenet", "resnet8", "gpt-nano"})
    for (const Precision precision : {Precision::f32, Precision::bf16})
      for (const std::int64_t microbatch : {0, 8}) {
        if (microbatch > 0 && model != "gpt-nano") continue;
        auto options = options_of(model);
        options.precision = precision;
        options.microbatch = microbatch;
        const double dropout = model == "gpt-nano" ? 0.1 : 0;
        const auto usual = run_of(model, options, dropout);
        EXPECT_FALSE(usual.recomputation.has_value());
        options.memory = pass::MemoryBudget{Bytes(0), 0.5};
        const auto less = run_of(model, options, dropout);
        ASSERT_TRUE(less.recomputation.has_value());
        EXPECT_GT(less.recomputation->nodes, 0u) << model;
        EXPECT_LT(less.recomputation->after, less.recomputation->before) << model;
        for (std::size_t i = 0; i < usual.steps.size(); ++i) {
          EXPECT_EQ(usual.steps[i].loss, less.steps[i].loss) << model << " step " << i;
          EXPECT_EQ(usual.steps[i].gradient_norm, less.steps[i].gradient_norm) << model;
        }
        EXPECT_EQ(usual.snapshot.states, less.snapshot.states) << model;
      }
}

TEST(Step, ABudgetThatCannotBeMetSaysWhatCan) {
  auto options = options_of("resnet8");
  options.memory = pass::MemoryBudget{Bytes(1000)};
  const std::string error = test::error_of([&] { run_of("resnet8", options); });
  EXPECT_NE(error.find("resnet8: values cannot be kept in 1000 B of memory; the least that was "
                       "found is "),
            std::string::npos)
      << error;
  options.memory =
      pass::MemoryBudget{Bytes(1024 * std::stod(error.substr(error.rfind("is ") + 3)))};
  EXPECT_EQ(test::error_of([&] { run_of("resnet8", options); }), "accepted");
}

TEST(Step, TheReferenceKeepsEveryValue) {
  auto options = options_of("mlp");
  options.memory = pass::MemoryBudget{};
  exec::ReferenceExecutor executor;
  const auto data = data_of("mlp");
  EXPECT_THROW(Trainer(model_of("mlp", options), executor, data, options), InputError);
}

}  // namespace
}  // namespace gnomon::train
