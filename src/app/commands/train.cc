#include "app/commands/train.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/execution.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "train/model_file.h"
#include "train/trainer.h"
#include "train/zoo.h"

namespace gnomon::app {
namespace {

struct Arguments {
  std::string model;
  std::string data = "fashion-mnist";
  std::string precision = "f32";
  std::string schedule = "cosine";
  std::string out;
  std::int64_t images = 0;
  train::TrainOptions options;
  Execution execution;
  bool json = false;
};

data::Splits load_data(const Arguments& arguments) {
  data::Splits data = data::load_dataset(arguments.data);
  if (arguments.images != 0) {
    if (arguments.images < arguments.options.batch)
      throw InputError("--images {}: must be at least the batch size, {}", arguments.images,
                       arguments.options.batch);
    data.train = data::first(data.train, arguments.images);
  }
  return data;
}

std::map<std::string, std::string> provenance(const Arguments& arguments, const data::Splits& data,
                                              const train::TrainResult& result) {
  const auto& options = arguments.options;
  return {{"data", arguments.data},
          {"data.hash", data.train.hash},
          {"data.images", std::to_string(data.train.size())},
          {"precision", arguments.precision},
          {"epochs", std::to_string(result.epochs.size())},
          {"batch", std::to_string(options.batch)},
          {"learning_rate", fmt::format("{}", options.learning_rate)},
          {"momentum", fmt::format("{}", options.momentum)},
          {"weight_decay", fmt::format("{}", options.weight_decay)},
          {"schedule", arguments.schedule},
          {"seed", std::to_string(options.seed)},
          {"steps", std::to_string(result.steps)},
          {"executor", arguments.execution.executor}};
}

nlohmann::json to_json(const train::TrainResult& result, const std::string& out) {
  nlohmann::json epochs = nlohmann::json::array();
  for (const auto& epoch : result.epochs)
    epochs.push_back({{"epoch", epoch.number},
                      {"loss", epoch.loss},
                      {"accuracy", epoch.accuracy},
                      {"seconds", epoch.duration.value}});
  return {{"accuracy", result.accuracy}, {"throughput", result.images_per_second},
          {"steps", result.steps},       {"interrupted", result.interrupted},
          {"epochs", std::move(epochs)}, {"model_file", out}};
}

void run(Arguments& arguments) {
  if (arguments.json) Progress::silence();
  arguments.options.precision = train::precision_named(arguments.precision);
  arguments.options.schedule = train::schedule_named(arguments.schedule);
  const auto model = train::build_model(arguments.model, arguments.options.batch);
  const auto executor = make_executor(arguments.execution);
  const auto data = load_data(arguments);
  if (arguments.out.empty())
    arguments.out = fmt::format("runs/{}-{}.safetensors", arguments.model, arguments.precision);
  const std::filesystem::path out(arguments.out);
  require_writable(out);

  train::Trainer trainer(model, *executor, arguments.options);
  Tracing tracing(arguments.execution.trace_file);
  const auto result = trainer.run(data, [&](const train::Epoch& epoch) {
    if (!arguments.json)
      fmt::print("epoch {}/{}  loss {:.4f}  test accuracy {:.4f}  {}\n", epoch.number,
                 arguments.options.epochs, epoch.loss, epoch.accuracy, to_string(epoch.duration));
    std::fflush(stdout);
  });
  auto file = train::model_file(arguments.model, trainer.model(), trainer.states());
  file.metadata = provenance(arguments, data, result);
  train::save(out, file);
  tracing.finish();
  if (arguments.json)
    fmt::print("{}\n", to_json(result, arguments.out).dump());
  else
    fmt::print("{} images/s over {} steps\nmodel: {}\n",
               static_cast<std::int64_t>(result.images_per_second), result.steps, arguments.out);
  if (result.interrupted) {
    fmt::print(stderr, "gnomon: interrupted after {} steps; the model as it stands is in {}\n",
               result.steps, arguments.out);
    throw Exit{130};
  }
}

}  // namespace

void add_train(CLI::App& parent) {
  auto* command = parent.add_subcommand("train", "Train a model and save it");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command
      ->add_option("model", a.model,
                   fmt::format("One of: {}", fmt::join(train::model_names(), ", ")))
      ->required();
  command
      ->add_option("--data", a.data,
                   fmt::format("Data set, one of: {}", fmt::join(data::dataset_names(), ", ")))
      ->capture_default_str();
  command->add_option("--epochs", a.options.epochs, "Passes over the training images")
      ->capture_default_str();
  command->add_option("--batch", a.options.batch, "Images per step")->capture_default_str();
  command->add_option("--learning-rate", a.options.learning_rate, "Base rate of SGD")
      ->capture_default_str();
  command->add_option("--momentum", a.options.momentum, "Momentum of SGD")->capture_default_str();
  command->add_option("--weight-decay", a.options.weight_decay, "L2 weight decay")
      ->capture_default_str();
  command
      ->add_option("--schedule", a.schedule, "Learning rate over the steps: constant, step, cosine")
      ->capture_default_str();
  command->add_option("--precision", a.precision, "f32, or bf16 with f32 master weights")
      ->capture_default_str();
  command->add_option("--seed", a.options.seed, "Of initial weights and data order")
      ->capture_default_str();
  command->add_option("--images", a.images, "Train on the first N images only");
  command
      ->add_option("--out", a.out, "Where the model goes; default runs/MODEL-PRECISION.safetensors")
      ->type_name("FILE");
  command->add_flag("--json", a.json, "Print the result as JSON");
  add_execution_options(*command, a.execution);
  command->footer("Example:\n  gnomon train lenet --epochs 1 --images 6400 --precision bf16");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
