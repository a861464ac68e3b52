#include "app/commands/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "app/runs.h"
#include "app/training.h"
#include "base/error.h"
#include "base/progress.h"

namespace gnomon::app {
namespace {

const std::string no_folder = "none";

struct Arguments {
  std::string model;
  train::Recipe given;  // of which only the options in `set` count
  std::set<std::string> set;
  std::string folder, resume, out;
  Training training;
  bool json = false;
};

std::string option_name(std::string field) {
  std::replace(field.begin(), field.end(), '_', '-');
  return "--" + field;
}

// The fields of `given` that were named on the command line, over `recipe`.
train::Recipe overlaid(train::Recipe recipe, const Arguments& arguments) {
  std::vector<std::function<void()>> assignments;
  std::map<std::string, nlohmann::json> values;
  train::for_each_field(arguments.given, [&](const char* name, const auto& value, const char*) {
    if (arguments.set.contains(name)) values[name] = value;
  });
  train::for_each_field(recipe, [&](const char* name, auto& field, const char*) {
    if (const auto found = values.find(name); found != values.end())
      field = found->second.get<std::decay_t<decltype(field)>>();
  });
  // Naming one way to measure a run's length ends the other.
  if (arguments.set.contains("epochs") && !arguments.set.contains("steps")) {
    recipe.steps = 0;
    if (!arguments.set.contains("evaluate_every")) recipe.evaluate_every = 0;
  }
  return recipe;
}

// The recipe of a run that goes on; what is said again must be the same.
train::Recipe resumed(const Arguments& arguments) {
  const auto recorded = train::read_run(arguments.training.folder).recipe;
  auto asked = overlaid(recorded, arguments);
  if (!arguments.model.empty() && arguments.model != recorded.model)
    throw InputError("{}: is a run of {}, not of {}", arguments.training.folder.string(),
                     recorded.model, arguments.model);
  if (const auto different = differences(recorded, asked); !different.empty())
    throw InputError(
        "{}: the run was started with another {}; leave it out to go on, or start "
        "another run",
        arguments.training.folder.string(), option_name(different[0]));
  return recorded;
}

// What the run keeps, and where its model goes, unless it is said anew.
void keep_settings(Arguments& arguments) {
  Training& training = arguments.training;
  const auto facts = train::read_run(training.folder).facts;
  const auto take = [&](const char* option, const char* fact, auto& value) {
    const auto found = facts.find(fact);
    if (arguments.set.contains(option) || found == facts.end()) return;
    const std::string& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), value);
  };
  int best = training.retention.best ? 1 : 0;
  take("keep-last", "keep.last", training.retention.last);
  take("keep-best", "keep.best", best);
  take("keep-every", "keep.every", training.retention.every);
  take("checkpoint-every", "checkpoint.steps", training.checkpoint_steps);
  training.retention.best = best != 0;
  if (const auto out = facts.find("out"); arguments.out.empty() && out != facts.end())
    training.out = out->second;
}

void prepare(Arguments& arguments) {
  Training& training = arguments.training;
  training.out = arguments.out;
  training.quiet = arguments.json;
  if (!arguments.resume.empty()) {
    if (!arguments.folder.empty())
      throw InputError("--run and --resume: both name the run's folder; leave --run out");
    if (!training.weights.empty())
      throw InputError("--weights and --resume: a run goes on from its checkpoint; leave one out");
    training.folder = find_run(arguments.resume, arguments.model);
    training.resume = true;
    training.recipe = resumed(arguments);
    keep_settings(arguments);
    return;
  }
  if (arguments.model.empty())
    throw InputError("train: which model? One of {}; or --resume latest",
                     fmt::join(train::model_names(), ", "));
  training.recipe = overlaid(train::default_recipe(arguments.model), arguments);
  if (arguments.folder == no_folder) {
    if (arguments.out.empty())
      throw InputError("--run none: nothing would be kept; name the model's file with --out");
    return;
  }
  training.folder = arguments.folder.empty() ? train::new_run_folder(runs_folder, arguments.model)
                                             : std::filesystem::path(arguments.folder);
  if (arguments.folder.empty()) return;
  if (std::filesystem::exists(training.folder / "run.json") ||
      !fault::checkpoint_files(train::checkpoint_folder(training.folder)).empty())
    throw InputError("--run {}: holds a run already; go on with it by --resume {}, or name another",
                     arguments.folder, arguments.folder);
}

nlohmann::json to_json(const Trained& trained, const std::filesystem::path& folder) {
  nlohmann::json assessments = nlohmann::json::array();
  for (const auto& a : trained.record.assessments)
    assessments.push_back({{"step", a.step},
                           {"epoch", a.epoch},
                           {"loss", a.loss},
                           {"accuracy", a.accuracy},
                           {"test_loss", a.test_loss},
                           {"seconds", a.duration.value}});
  const auto last =
      trained.record.assessments.empty() ? train::Assessment() : trained.record.assessments.back();
  return {{"accuracy", last.accuracy},
          {"test_loss", last.test_loss},
          {"throughput", trained.record.examples_per_second},
          {"steps", trained.record.steps},
          {"interrupted", trained.record.state == train::RunState::interrupted},
          {"assessments", std::move(assessments)},
          {"warnings", trained.record.warnings},
          {"run", folder.string()},
          {"model_file", trained.model.string()}};
}

void print(const Trained& trained, const Training& training) {
  const auto& record = trained.record;
  fmt::print("{} examples/s over {} steps\n", static_cast<std::int64_t>(record.examples_per_second),
             record.steps);
  if (!record.samples.empty())
    fmt::print("\n{}{}\n\n", record.samples.back().prompt, record.samples.back().text);
  fmt::print("model: {}\n", trained.model.string());
  if (training.folder.empty()) return;
  const auto& cost = record.checkpoints;
  fmt::print("{} checkpoints, {} each: {} to write, of which training waited {}\n", cost.written,
             to_string(cost.bytes), to_string(cost.writing), to_string(cost.waiting));
  fmt::print("report: {}\n", (training.folder / "report.html").string());
}

void run(Arguments& arguments) {
  if (arguments.json) Progress::silence();
  prepare(arguments);
  const auto trained = run_training(arguments.training);
  if (arguments.json)
    fmt::print("{}\n", to_json(trained, arguments.training.folder).dump());
  else
    print(trained, arguments.training);
  if (trained.record.state != train::RunState::interrupted) return;
  const auto& folder = arguments.training.folder;
  fmt::print(stderr, "gnomon: interrupted after {} of {} steps; {}\n", trained.record.steps,
             trained.record.total_steps,
             folder.empty() ? "the model as it stands is in " + trained.model.string()
                            : "go on with: gnomon train --resume " + folder.string());
  throw Exit{130};
}

}  // namespace

void add_train(CLI::App& parent) {
  auto* command =
      parent.add_subcommand("train", "Train a model, save it, and go on where it stopped");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command->add_option("model", a.model,
                      fmt::format("One of: {} (and resnetN, resnetNxW); or a forward program in a "
                                  "file that ends in .gir",
                                  fmt::join(train::model_names(), ", ")));
  train::for_each_field(a.given, [&](const char* name, auto& field, const char* meaning) {
    const std::string option = option_name(name);
    if constexpr (std::is_same_v<std::decay_t<decltype(field)>, bool>)
      command->add_flag(option, field, meaning)->each([arguments, name](const std::string&) {
        arguments->set.insert(name);
      });
    else
      command->add_option(option, field, meaning)
          ->capture_default_str()
          ->each([arguments, name](const std::string&) { arguments->set.insert(name); });
  });
  command
      ->add_option("--run", a.folder,
                   "Folder of the run; default runs/MODEL-N; 'none' keeps nothing but the model")
      ->type_name("DIR");
  command
      ->add_option("--resume", a.resume,
                   "Go on with a run: its folder, or 'latest'. Its options are kept")
      ->type_name("RUN");
  command
      ->add_option("--weights", a.training.weights,
                   "Start from the parameters (and statistics) of a safetensors file, by name: a "
                   "model of Gnomon's, or of a PyTorch module of the same structure")
      ->type_name("FILE");
  command->add_option("--out", a.out, "Where the model goes; default model.safetensors in the run")
      ->type_name("FILE");
  const auto note = [arguments](const char* option) {
    return [arguments, option](const std::string&) { arguments->set.insert(option); };
  };
  command
      ->add_option("--checkpoint-every", a.training.checkpoint_steps,
                   "Steps between checkpoints; default: a minute, and after each evaluation")
      ->check(CLI::NonNegativeNumber)
      ->each(note("checkpoint-every"));
  command->add_option("--keep-last", a.training.retention.last, "Newest checkpoints that are kept")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->each(note("keep-last"));
  command
      ->add_option("--keep-every", a.training.retention.every,
                   "Keep also each checkpoint whose step is a multiple of N; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->each(note("keep-every"));
  command
      ->add_flag("--keep-best,!--no-keep-best", a.training.retention.best,
                 "Keep also the one with the least test loss (the default)")
      ->each(note("keep-best"));
  command->add_flag("--json", a.json, "Print the result as JSON");
  add_execution_options(*command, a.training.execution);
  command->footer(
      "Defaults are shown for small image models. resnetN: 8 epochs, batch 128, rate 0.1, weight\n"
      "decay 5e-4, crop 2, flip. gpt-*: brown, 2000 steps of 12, adamw, rate 1e-3, warmup 100.\n"
      "Examples:\n"
      "  gnomon train lenet --epochs 1 --examples 6400 --precision bf16\n"
      "  gnomon train --resume latest");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
