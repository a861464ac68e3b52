// Training end to end on small data: it learns, it is repeatable, what is saved is what was
// trained.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/random.h"
#include "exec/reference/reference.h"
#include "ir/op_info.h"
#include "train/evaluator.h"
#include "train/model_file.h"
#include "train/replay.h"
#include "train/trainer.h"
#include "train/zoo/zoo.h"
#include "unit/error_of.h"

namespace gnomon::train {
namespace {

constexpr std::int64_t side = 10;

// Images of noise in which one of ten rows, the class, is bright.
data::Dataset stripes(std::int64_t count, std::uint64_t seed) {
  Tensor images(DType::u8, {count, 1, side, side}), labels(DType::u8, {count});
  const Random noise(seed, "stripes");
  std::uint64_t draw = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    labels.span<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 10);
    for (std::int64_t p = 0; p < side * side; ++p)
      images.span<std::uint8_t>()[i * side * side + p] =
          static_cast<std::uint8_t>(noise.below(p / side == i % 10 ? 256 : 128, draw++));
  }
  return data::make_dataset("stripes", std::move(images), std::move(labels));
}

data::Splits splits() { return {stripes(320, 1), stripes(100, 2)}; }

// A model of the zoo for these images, in batches of up to `batch`.
Model small(std::string_view name, std::int64_t batch) {
  ModelShape shape;
  shape.batch = batch;
  shape.height = shape.width = side;
  return model_named(name, shape);
}

TrainOptions quick() {
  TrainOptions options;
  options.epochs = 2;
  options.batch = 16;
  options.learning_rate = 0.05;
  return options;
}

ModelFile file_of(const std::string& name, const Trainer& trainer) {
  ModelFile file;
  file.model = name;
  file.shape.height = file.shape.width = side;
  take_states(trainer.model(), trainer.trained(), file);
  return file;
}

TEST(Trainer, LearnsWhatCanBeLearned) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  Trainer trainer(small("mlp", 16), executor, data, quick());
  std::vector<Assessment> seen;
  const auto result = trainer.run({.assessed = [&](const Assessment& a) { seen.push_back(a); }});
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_LT(seen[1].loss, seen[0].loss);
  EXPECT_EQ(seen[1].epoch, 2);
  EXPECT_GT(result.accuracy(), 0.9);
  EXPECT_EQ(result.steps, 40);
}

TEST(Trainer, OneSeedOneResult) {
  const auto data = splits();
  const auto weights = [&](std::uint64_t seed) {
    exec::ReferenceExecutor executor;
    auto options = quick();
    options.epochs = 1;
    options.seed = seed;
    Trainer trainer(small("mlp", 16), executor, data, options);
    trainer.run();
    return trainer.trained().get("fc3.weight");
  };
  EXPECT_EQ(weights(7), weights(7));
  EXPECT_NE(weights(7), weights(8));
}

TEST(ModelFile, WhatIsLoadedIsWhatWasTrained) {
  const auto data = splits();
  exec::ReferenceExecutor executor;
  Trainer trainer(small("mlp", 16), executor, data, quick());
  const auto trained = trainer.run();
  const auto path = std::filesystem::path(testing::TempDir()) / "mlp.safetensors";
  save(path, file_of("mlp", trainer));

  const auto file = load(path);
  const auto model = file.build(25).inference;
  exec::States states = restore(file, model);
  Evaluator evaluator(model, executor, Precision::f32, 25);
  EXPECT_EQ(evaluator.evaluate(data.test, states).accuracy, trained.accuracy());
}

TEST(Evaluator, KeptOutputsAreThoseThatWereJudgedAlsoInAPartialBatch) {
  const auto data = splits();
  exec::ReferenceExecutor executor;
  Trainer trainer(small("mlp", 16), executor, data, quick());
  trainer.run();
  constexpr std::int64_t batch = 7;
  const auto model = small("mlp", batch).inference;
  Evaluator evaluator(model, executor, Precision::f32, batch);
  EXPECT_FALSE(evaluator.evaluate(data.test, trainer.states()).outputs.has_value());
  const auto result = evaluator.evaluate(data.test, trainer.states(), true);
  ASSERT_TRUE(result.outputs.has_value());
  ASSERT_EQ(result.outputs->shape(), (Shape{data.test.size(), 10}));
  ASSERT_NE(data.test.size() % batch, 0);
  const auto outputs = result.outputs->span<float>();
  const auto labels = convert(data.test.labels, DType::i32);
  for (std::int64_t i = 0; i < data.test.size(); ++i) {
    const auto row = outputs.subspan(i * 10, 10);
    const auto largest = std::max_element(row.begin(), row.end()) - row.begin();
    EXPECT_EQ(largest == labels.span<std::int32_t>()[i], result.correct[i] == 1) << i;
  }
}

TEST(ModelFile, DataAreGivenAsInTraining) {
  const auto path = std::filesystem::path(testing::TempDir()) / "classes.safetensors";
  {
    ModelFile file;
    file.model = "mlp";
    file.classes = {"cat", "dög", "eel"};
    file.normalisation = {12.5, 0.1 + 0.2};
    save(path, file);
  }
  const auto file = load(path);
  ASSERT_EQ(file.classes.size(), 3u);
  EXPECT_EQ(file.classes[1], "dög");
  ASSERT_TRUE(file.normalisation.has_value());
  EXPECT_EQ(*file.normalisation, (data::Normalisation{12.5, 0.1 + 0.2}));

  data::Dataset other;
  other.labels = Tensor::of<std::uint8_t>({4}, std::vector<std::uint8_t>{0, 1, 1, 0});
  other.classes = {"eel", "cat"};
  const auto renumbered = as_trained(file, other, "new/");
  EXPECT_EQ(renumbered.labels,
            Tensor::of<std::int32_t>({4}, std::vector<std::int32_t>{2, 0, 0, 2}));
  EXPECT_EQ(renumbered.classes, file.classes);
  EXPECT_EQ(renumbered.normalisation, *file.normalisation);

  other.classes = {"eel", "cats"};
  EXPECT_EQ(test::error_of([&] { as_trained(file, other, "new/"); }),
            "new/: the model mlp does not know the class cats; did you mean 'cat'?");
  other.labels = Tensor::of<std::uint8_t>({1}, std::vector<std::uint8_t>{0});
  EXPECT_EQ(as_trained(file, other, "new/").labels.span<std::int32_t>()[0], 2)
      << "a class without examples does no harm";
  other.classes = {"1"};
  EXPECT_EQ(as_trained(file, other, "new/").labels.span<std::int32_t>()[0], 1);
  other.classes = {"3"};
  EXPECT_THROW(as_trained(file, other, "new/"), InputError);
}

TEST(ModelFile, ClassesThatAreNoTextAreLeftOut) {
  const auto path = std::filesystem::path(testing::TempDir()) / "bytes.safetensors";
  ModelFile file;
  file.model = "mlp";
  file.classes = {"cat", "dog\xff"};
  save(path, file);
  EXPECT_TRUE(load(path).classes.empty());
}

TEST(ModelFile, WrongModelIsNamed) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  Trainer trainer(small("mlp", 16), executor, data, quick());
  const auto file = file_of("mlp", trainer);
  const auto other = model_named("lenet", {}).inference;
  EXPECT_THROW(restore(file, other), InputError);
}

TEST(Trainer, ImpossibleOptionsAreRefused) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  auto options = quick();
  options.learning_rate = -1;
  EXPECT_THROW(Trainer(small("mlp", 16), executor, data, options), InputError);
  options = quick();
  options.epochs = 0;
  EXPECT_THROW(Trainer(small("mlp", 16), executor, data, options), InputError);
}

// What is wrong is said before the first step.
TEST(Trainer, DataThatDoNotFitTheModelAreRefused) {
  exec::ReferenceExecutor executor;
  auto data = splits();
  const auto refusal = [&](std::string_view model) -> std::string {
    try {
      const Trainer trainer(small(model, 16), executor, data, quick());
      return "";
    } catch (const InputError& error) {
      return error.what();
    }
  };
  data.test.labels.span<std::uint8_t>()[7] = 10;
  EXPECT_EQ(refusal("mlp"), "mlp: tells 10 classes apart, but a label is 10");
  data = splits();
  data.train.inputs = reshaped(data.train.inputs, {320, 2, 5, 10});
  EXPECT_EQ(refusal("mlp"),
            "mlp: takes examples f32[b, 1, 10, 10], the data holds f32[320, 2, 5, 10]");
}

// Interrupted after any step and gone on with, a run ends with the same bits: shuffling, dropout,
// augmentation, moments, averages and the losses it tells of.
TEST(Trainer, AResumedRunEndsAsIfItHadNeverStopped) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  auto options = quick();
  options.batch = 64;
  options.warmup = 3;
  options.update = {pass::AdamW{}, 1.0, true, 0.9};
  options.augmentation = {2, true};
  ModelShape shape;
  shape.batch = 64;
  shape.height = shape.width = side;
  shape.dropout = 0.2;
  const Model model = model_named("mlp", shape);
  std::vector<Snapshot> snapshots;
  Trainer whole(model, executor, data, options);
  const auto undisturbed =
      whole.run({.step = [&](const Step&) { snapshots.push_back(whole.snapshot()); }});
  ASSERT_EQ(snapshots.size(), 10u);
  for (const std::size_t stop : {0, 3, 4, 8}) {
    Trainer second(model, executor, data, options);
    second.resume(snapshots[stop]);
    const auto resumed = second.run();
    EXPECT_EQ(second.snapshot().states, whole.snapshot().states) << "stopped after " << stop + 1;
    ASSERT_EQ(resumed.assessments.size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(resumed.assessments[i].loss, undisturbed.assessments[i].loss);
      EXPECT_EQ(resumed.assessments[i].test_loss, undisturbed.assessments[i].test_loss);
    }
  }
}

TEST(Trainer, AWarmUpLongerThanTheRunIsRefused) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  auto options = quick();
  options.warmup = 40;
  EXPECT_EQ(Trainer(small("mlp", 16), executor, data, options).total_steps(), 40);
  options.warmup = 41;
  EXPECT_EQ(test::error_of([&] { Trainer(small("mlp", 16), executor, data, options); }),
            "warmup 41: is longer than the run, which has 40 steps; warm up for fewer");
}

TEST(Trainer, ASnapshotOfAnotherOptimiserIsRefused) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  auto options = quick();
  Trainer sgd(small("mlp", 16), executor, data, options);
  options.update.optimiser = pass::AdamW{};
  Trainer adam(small("mlp", 16), executor, data, options);
  EXPECT_THROW(adam.resume(sgd.snapshot()), InputError);
}

// The origin is named, saved, and makes the same numbers again.
TEST(Trainer, DivergenceIsTracedToAnOperator) {
  exec::ReferenceExecutor executor;
  const auto data = splits();
  auto options = quick();
  options.learning_rate = 1000;
  Trainer trainer(small("mlp", 16), executor, data, options);
  const auto start = trainer.snapshot();
  std::int64_t step = 0;
  try {
    trainer.run();
    FAIL();
  } catch (const NotFinite& error) {
    step = error.step.number;
    EXPECT_NE(std::string(error.what()).find("smaller --learning-rate than 1000"),
              std::string::npos);
  }
  const auto replay = find_origin(trainer, executor, start, step);
  ASSERT_TRUE(replay.has_value());
  EXPECT_EQ(replay->step, step);
  const auto path = std::filesystem::path(testing::TempDir()) / "replay.safetensors";
  save_replay(path, *replay);
  const auto again = load_replay(path);
  EXPECT_EQ(again.isolated.what, replay->isolated.what);
  EXPECT_EQ(again.isolated.program, replay->isolated.program);
  ASSERT_FALSE(again.isolated.program.nodes.empty()) << again.isolated.what;
  std::vector<const Tensor*> operands;
  for (const auto& operand : again.isolated.arguments) {
    EXPECT_EQ(exec::count_nonfinite(operand), 0);
    operands.push_back(&operand);
  }
  exec::States none(again.isolated.program, 0);
  std::vector<Tensor> results;
  executor.compile(again.isolated.program)->run(operands, none, results);
  EXPECT_GT(exec::count_nonfinite(results.at(0)), 0);
}

// Multiply-adds of LeNet on one image, counted by hand from its layer sizes; the rest is under 3 %.
TEST(Zoo, LenetCostsWhatItsLayersSay) {
  const double contractions =
      2.0 * (6 * 28 * 28 * 25 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10);
  const double total = ir::program_flops(model_named("lenet", {}).inference).value;
  EXPECT_GT(total, contractions);
  EXPECT_LT(total, contractions * 1.03);
}

TEST(Zoo, UnknownModelIsAnsweredWithTheNearest) {
  try {
    build_model("lenett", {}, Mode::inference);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "model lenett: unknown; did you mean 'lenet'?");
  }
}

}  // namespace
}  // namespace gnomon::train
