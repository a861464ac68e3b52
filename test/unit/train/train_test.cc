// Training end to end on small data: it learns, it is repeatable, what is saved is what was trained.

#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"
#include "exec/reference/reference.h"
#include "ir/op_info.h"
#include "train/evaluator.h"
#include "train/model_file.h"
#include "train/trainer.h"
#include "train/zoo.h"

namespace gnomon::train {
namespace {

// Images of noise in which one of ten rows, the class, is bright.
data::Dataset stripes(std::int64_t count, std::uint64_t seed) {
  data::Dataset data;
  data.images = Tensor(DType::u8, {count, 1, 28, 28});
  data.labels = Tensor(DType::u8, {count});
  data.classes.assign(10, "row");
  data.normalisation = {0.3, 0.3};
  const Random noise(seed, "stripes");
  const auto pixels = data.images.span<std::uint8_t>();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto label = i % 10;
    data.labels.span<std::uint8_t>()[i] = static_cast<std::uint8_t>(label);
    for (std::size_t p = 0; p < 784; ++p)
      pixels[i * 784 + p] =
          static_cast<std::uint8_t>(noise.below(p / 28 / 2 == label ? 256 : 128, i * 784 + p));
  }
  return data;
}

data::Splits splits() { return {stripes(320, 1), stripes(100, 2)}; }

TrainOptions quick() {
  TrainOptions options;
  options.epochs = 2;
  options.batch = 16;
  options.learning_rate = 0.05;
  return options;
}

TEST(Trainer, LearnsWhatCanBeLearned) {
  exec::ReferenceExecutor executor;
  Trainer trainer(mlp(16), executor, quick());
  const auto data = splits();
  std::vector<Epoch> epochs;
  const auto result = trainer.run(data, [&](const Epoch& epoch) { epochs.push_back(epoch); });
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_LT(epochs[1].loss, epochs[0].loss);
  EXPECT_GT(result.accuracy, 0.95);
  EXPECT_EQ(result.steps, 40);
}

TEST(Trainer, OneSeedOneResult) {
  const auto data = splits();
  const auto weights = [&](std::uint64_t seed) {
    exec::ReferenceExecutor executor;
    auto options = quick();
    options.epochs = 1;
    options.seed = seed;
    Trainer trainer(mlp(16), executor, options);
    trainer.run(data, [](const Epoch&) {});
    return trainer.states().get("fc3.weight");
  };
  EXPECT_EQ(weights(7), weights(7));
  EXPECT_NE(weights(7), weights(8));
}

TEST(ModelFile, WhatIsLoadedIsWhatWasTrained) {
  const auto data = splits();
  exec::ReferenceExecutor executor;
  Trainer trainer(mlp(16), executor, quick());
  const auto trained = trainer.run(data, [](const Epoch&) {});
  const auto path = std::filesystem::path(testing::TempDir()) / "mlp.safetensors";
  save(path, model_file("mlp", trainer.model(), trainer.states()));

  const auto file = load(path);
  const auto model = build_model(file.model, 25);
  exec::States states(model, 99);
  restore(file, model, states);
  Evaluator evaluator(model, executor, Precision::f32, 25);
  EXPECT_EQ(evaluator.evaluate(data.test, states).accuracy, trained.accuracy);
}

TEST(ModelFile, WrongModelIsNamed) {
  exec::ReferenceExecutor executor;
  Trainer trainer(mlp(4), executor, quick());
  const auto file = model_file("mlp", trainer.model(), trainer.states());
  const auto other = lenet(4);
  exec::States states(other, 0);
  EXPECT_THROW(restore(file, other, states), InputError);
}

TEST(Trainer, ImpossibleOptionsAreRefused) {
  exec::ReferenceExecutor executor;
  auto options = quick();
  options.learning_rate = -1;
  EXPECT_THROW(Trainer(mlp(4), executor, options), InputError);
  options = quick();
  options.epochs = 0;
  EXPECT_THROW(Trainer(mlp(4), executor, options), InputError);
}

TEST(Trainer, DivergenceIsSaid) {
  exec::ReferenceExecutor executor;
  auto options = quick();
  options.learning_rate = 1000;
  Trainer trainer(mlp(16), executor, options);
  const auto data = splits();
  EXPECT_THROW(trainer.run(data, [](const Epoch&) {}), InputError);
}

// Multiply-adds of LeNet on one image, counted by hand from its layer sizes; the rest is under 3 %.
TEST(Zoo, LenetCostsWhatItsLayersSay) {
  const double contractions =
      2.0 * (6 * 28 * 28 * 25 + 16 * 10 * 10 * 150 + 400 * 120 + 120 * 84 + 84 * 10);
  const double total = ir::program_flops(lenet(1)).value;
  EXPECT_GT(total, contractions);
  EXPECT_LT(total, contractions * 1.03);
}

TEST(Zoo, UnknownModelIsAnsweredWithTheNearest) {
  try {
    build_model("lenett", 1);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "model lenett: unknown; did you mean 'lenet'?");
  }
}

}  // namespace
}  // namespace gnomon::train
