#include "app/commands/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "app/runs.h"
#include "app/training.h"
#include "base/error.h"
#include "base/progress.h"
#include "data/dataset.h"
#include "data/text.h"
#include "data/utf8.h"

namespace gnomon::app {
namespace {

const std::string no_folder = "none";

struct Arguments {
  std::string model;
  train::Recipe given;                     // of which only the options named count
  const CLI::App* command_line = nullptr;  // knows which are
  std::string folder, resume, out;
  Training training;
  bool made_folder = false;  // by us, for this run
  bool json = false;
};

std::string option_name(std::string field) {
  std::replace(field.begin(), field.end(), '_', '-');
  return "--" + field;
}

bool is_given(const Arguments& arguments, const std::string& option) {
  return arguments.command_line->count(option) > 0;
}

// The fields of `given` that were named on the command line, over `recipe`.
train::Recipe overlaid(train::Recipe recipe, const Arguments& arguments) {
  train::for_each_recipe_field([&](const auto& field) {
    if (is_given(arguments, option_name(field.name)))
      recipe.*field.member = arguments.given.*field.member;
  });
  // Naming one way to measure a run's length ends the other.
  if (is_given(arguments, "--epochs") && !is_given(arguments, "--steps")) recipe.steps = 0;
  return recipe;
}

// The recipe of a run that begins: evaluations are by epochs too where its length is.
train::Recipe new_recipe(const Arguments& arguments) {
  const auto defaults = train::default_recipe(arguments.model);
  auto recipe = overlaid(defaults, arguments);
  check_used(recipe, defaults);
  if (is_given(arguments, "--epochs") && !is_given(arguments, "--steps") &&
      !is_given(arguments, "--evaluate-every"))
    recipe.evaluate_every = 0;
  return recipe;
}

// What is said again of the recipe of a run that goes on must be the same.
void check_same(const train::Recipe& recorded, const Arguments& arguments) {
  auto asked = overlaid(recorded, arguments);
  if (train::with_whole_paths(asked.data) == train::with_whole_paths(recorded.data))
    asked.data = recorded.data;
  if (!arguments.model.empty() && arguments.model != recorded.model)
    throw InputError("{}: is a run of {}, not of {}", arguments.training.folder.string(),
                     recorded.model, arguments.model);
  if (const auto different = differences(recorded, asked); !different.empty())
    throw InputError(
        "{}: the run was started with another {}; leave it out to go on, or start "
        "another run",
        arguments.training.folder.string(), option_name(different[0]));
}

// How the run computes, what it keeps and where its model goes, unless it is said anew.
void keep_settings(Arguments& arguments, const std::map<std::string, std::string>& facts) {
  Training& training = arguments.training;
  const auto take = [&](const char* option, const char* fact, auto& value) {
    const auto found = facts.find(fact);
    if (is_given(arguments, option) || found == facts.end()) return;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
      value = found->second;
    else
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  };
  int best = training.retention.best ? 1 : 0;
  take("--executor", "executor", training.execution.executor);
  take("--threads", "threads", training.execution.threads);
  if (training.execution.threads > threads_of({}) && !is_given(arguments, "--threads"))
    training.execution.threads = 0;  // begun on a larger machine
  take("--keep-last", "keep.last", training.retention.last);
  take("--keep-best", "keep.best", best);
  take("--keep-every", "keep.every", training.retention.every);
  take("--checkpoint-every", "checkpoint.steps", training.checkpoint_steps);
  take("--rematerialise", "rematerialise", training.rematerialise);
  take("--out", "out", arguments.out);
  training.retention.best = best != 0;
  training.out = arguments.out;
}

// Records are UTF-8: a name that is not would be another when it is read back.
void require_utf8(const std::string& name) {
  if (!data::is_utf8(name))
    throw InputError("{}: the name is not UTF-8, so no record can hold it; rename it", name);
}

std::string whole_path(const std::filesystem::path& file) {
  return file.empty() ? "" : std::filesystem::absolute(file).string();
}

void prepare(Arguments& arguments) {
  Training& training = arguments.training;
  for (const auto& name :
       {arguments.model, arguments.folder, whole_path(arguments.out), whole_path(training.weights)})
    require_utf8(name);
  training.out = arguments.out;
  training.quiet = arguments.json;
  if (!arguments.resume.empty()) {
    if (!arguments.folder.empty())
      throw InputError("--run and --resume: both name the run's folder; leave --run out");
    if (!training.weights.empty())
      throw InputError("--weights and --resume: a run goes on from its checkpoint; leave one out");
    training.folder = find_unfinished_run(arguments.resume, arguments.model);
    training.resume = true;
    const auto run = train::recover_run(training.folder).record;
    check_same(run.recipe, arguments);
    training.recipe = run.recipe;
    keep_settings(arguments, run.facts);
    return;
  }
  if (arguments.model.empty())
    throw InputError("train: which model? One of {}; or --resume latest",
                     fmt::join(train::model_names(), ", "));
  training.recipe = new_recipe(arguments);
  training.default_warmup = !is_given(arguments, "--warmup");
  const std::string data = train::with_whole_paths(training.recipe.data);
  require_utf8(data);
  if (!arguments.out.empty() &&
      ("," + data + ",").find("," + whole_path(arguments.out) + ",") != std::string::npos)
    throw InputError("--out {}: is the data to train on; name another file", arguments.out);
  if (arguments.folder == no_folder) {
    if (arguments.out.empty())
      throw InputError("--run none: nothing would be kept; name the model's file with --out");
    return;
  }
  if (arguments.folder.empty()) {
    training.folder = train::new_run_folder(runs_folder, arguments.model);
    arguments.made_folder = true;
    return;
  }
  training.folder = arguments.folder;
  if (train::holds_run(training.folder))
    throw InputError("--run {}: holds a run already; go on with it by --resume {}, or name another",
                     arguments.folder, arguments.folder);
}

nlohmann::ordered_json to_json(const Trained& trained, const std::filesystem::path& folder) {
  const auto last =
      trained.record.assessments.empty() ? train::Assessment() : trained.record.assessments.back();
  const bool has_accuracy = train::has_accuracy(trained.record);
  return {{"accuracy", has_accuracy ? nlohmann::ordered_json(last.accuracy) : nullptr},
          {"test_loss", last.test_loss},
          {"throughput", trained.record.examples_per_second},
          {"steps", trained.record.steps},
          {"interrupted", trained.record.state == train::RunState::interrupted},
          {"assessments", train::assessments_json(trained.record)},
          {"warnings", trained.record.warnings},
          {"run", folder.string()},
          {"model_file", trained.model.string()}};
}

void print(const Trained& trained, const Training& training) {
  const auto& record = trained.record;
  fmt::print("{:.0f} examples/s over {} steps\n", record.examples_per_second, record.steps);
  if (!record.samples.empty())
    fmt::print("\n{}{}\n\n", record.samples.back().prompt, record.samples.back().text);
  fmt::print("model: {}\n", trained.model.string());
  if (training.folder.empty()) return;
  const auto& cost = record.checkpoints;
  fmt::print("{} checkpoints, {} each: {} to write, of which training waited {}\n", cost.written,
             to_string(cost.bytes), to_string(cost.writing), to_string(cost.waiting));
  fmt::print("report: {}\n", (training.folder / "report.html").string());
}

// A run that ends before it began leaves no folder behind, nor one whose first step was asked the
// impossible.
Trained run_or_tidy(const Arguments& arguments) {
  const auto& folder = arguments.training.folder;
  const auto tidy = [&](bool impossible) {
    if (arguments.made_folder &&
        (!train::holds_run(folder) || (impossible && train::read_run(folder).steps == 0)))
      train::remove_run(folder);
  };
  try {
    return run_training(arguments.training);
  } catch (const train::NotFinite&) {
    throw;  // gnomon replay wants it
  } catch (const InputError&) {
    tidy(true);
    throw;
  } catch (...) {
    tidy(false);
    throw;
  }
}

void run(Arguments& arguments) {
  if (arguments.json) Progress::silence();
  prepare(arguments);
  const auto trained = run_or_tidy(arguments);
  if (arguments.json)
    print_json(to_json(trained, arguments.training.folder));
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
  command->add_option(
      "model", a.model,
      fmt::format("One of: {} (and resnetN, N = 6n + 2 layers, or resnetNxW, W times "
                  "as wide); or a forward program in a file that ends in .gir",
                  fmt::join(train::model_names(), ", ")));
  a.command_line = command;
  train::for_each_recipe_field([&](const auto& field) {
    auto& value = a.given.*field.member;
    const std::string option = option_name(field.name);
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, bool>)
      command->add_flag(option + ",!--no-" + option.substr(2), value, field.meaning);
    else
      command->add_option(option, value, field.meaning)->capture_default_str();
    if constexpr (std::is_unsigned_v<std::decay_t<decltype(value)>> &&
                  !std::is_same_v<std::decay_t<decltype(value)>, bool>)
      command->get_option(option)->check(at_least_0);
  });
  command->get_option("--data")->description(
      fmt::format("Data: {}, {}; x.npy,y.npy; arrays.npz; table.csv; book.txt; a folder of images",
                  fmt::join(data::dataset_names(), ", "), fmt::join(data::text_names(), ", ")));
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
  command
      ->add_option("--checkpoint-every", a.training.checkpoint_steps,
                   "Steps between checkpoints; default: a minute, and after each evaluation")
      ->check(at_least_0);
  command->add_option("--keep-last", a.training.retention.last, "Newest checkpoints that are kept")
      ->capture_default_str()
      ->check(at_least_1);
  command
      ->add_option("--keep-every", a.training.retention.every,
                   "Keep also each checkpoint whose step is a multiple of N; 0: none")
      ->check(at_least_0);
  command->add_flag("--keep-best,!--no-keep-best", a.training.retention.best,
                    "Keep also the one with the least test loss (the default)");
  command->add_flag("--json", a.json, "Print the result as JSON");
  add_rematerialise_option(*command, a.training.rematerialise);
  add_execution_options(*command, a.training.execution);
  command->footer(
      "Defaults are shown for small image models. resnetN: 8 epochs, batch 128, rate 0.1, weight\n"
      "decay 5e-4, crop 2, flip. gpt-*: brown, 2000 steps of 12, adamw, rate 1e-3, warmup 100\n"
      "or a tenth of the steps.\n"
      "Examples:\n"
      "  gnomon train lenet --epochs 1 --examples 6400 --precision bf16\n"
      "  gnomon train --resume latest");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
