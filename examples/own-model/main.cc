// A model and data of one's own, in C++: a network with one hidden layer learns on which side of a
// spiral's two arms a point lies. Prints the accuracy on points it has not seen, and writes the
// model for `gnomon evaluate`, `gnomon study` and `gnomon ir`.

#include <fmt/format.h>

#include <cmath>

#include "base/random.h"
#include "exec/cpu/cpu.h"
#include "train/model_file.h"
#include "train/trainer.h"

using namespace gnomon;

namespace {

constexpr std::int64_t batch = 64;

data::Dataset spirals(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, "spirals");
  Tensor points(DType::f32, {count, 2}), arms(DType::i32, {count});
  for (std::int64_t i = 0; i < count; ++i) {
    const auto draw = static_cast<std::uint64_t>(2 * i);
    const double along = random.uniform(draw), noise = 0.05 * random.normal(draw + 1);
    const double angle = 6 * along + M_PI * static_cast<double>(i % 2);
    points.span<float>()[2 * i] = static_cast<float>((along + noise) * std::cos(angle));
    points.span<float>()[2 * i + 1] = static_cast<float>((along + noise) * std::sin(angle));
    arms.span<std::int32_t>()[i] = static_cast<std::int32_t>(i % 2);
  }
  return data::make_dataset("spirals", std::move(points), std::move(arms),
                            {"one arm", "other arm"});
}

// The layers of the zoo's models serve any model. Nothing in it is random, so that one program
// serves training and inference.
ir::Program network() {
  train::Layers l("spiral", train::Mode::training, 0);
  ir::Value x = l.input("point", {DType::f32, {{"b", batch}, 2}});
  x = l.relu(l.linear("hidden1", x, 64));
  x = l.relu(l.linear("hidden2", x, 64));
  l.output("logits", l.linear("out", x, 2));
  return l.finish();
}

}  // namespace

int main() {
  exec::CpuExecutor executor({.threads = 2});
  const data::Splits data{spirals(4000, 1), spirals(1000, 2)};
  const ir::Program program = network();
  train::TrainOptions options;
  options.epochs = 20;
  options.batch = batch;
  options.learning_rate = 0.01;
  options.update.optimiser = pass::AdamW{};
  train::Trainer trainer({program, program}, executor, data, options);
  const auto result = trainer.run();
  fmt::print("accuracy {:.3f}\n", result.accuracy());

  train::ModelFile file;
  file.model = "spiral";
  file.program = program;
  train::take_states(trainer.model(), trainer.trained(), file);
  train::save("spiral.safetensors", file);
  return result.accuracy() > 0.95 ? 0 : 1;
}
