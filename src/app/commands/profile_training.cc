#include "app/commands/profile_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include "app/commands/profile_report.h"
#include "app/execution.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "exec/cpu/cpu.h"
#include "ir/text.h"
#include "stats/quantile.h"
#include "trace/recorder.h"
#include "train/recipe.h"
#include "train/training_step.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double quantile = 0.25;  // neighbours on a shared host only ever add time
constexpr int traced_steps = 20;

struct Arguments {
  std::string model;
  train::Recipe given;
  std::string image = "1x28x28", rematerialise;
  std::int64_t vocabulary = 96;
  Execution execution;
  double seconds = 2;
  bool no_gradient_norm = false, steps_alone = false, json = false;
  std::string report;
  std::size_t rows = 20;
  const CLI::App* command_line = nullptr;
};

// "3x32x32".
void read_image(const std::string& text, train::ModelShape& shape) {
  const char *at = text.data(), *const end = text.data() + text.size();
  for (std::int64_t* side : {&shape.channels, &shape.height, &shape.width}) {
    const auto read = std::from_chars(at, end, *side);
    const bool last = side == &shape.width;
    if (read.ec != std::errc{} || *side < 1 || *side > 65536 || (read.ptr == end) != last ||
        (!last && *read.ptr != 'x'))
      throw InputError("--image {}: is no CHANNELSxHEIGHTxWIDTH such as 3x32x32", text);
    at = read.ptr + 1;
  }
}

train::Recipe recipe_of(const Arguments& arguments) {
  const train::Recipe defaults = train::default_recipe(arguments.model);
  train::Recipe recipe = defaults;
  const auto take = [&](const char* option, auto member) {
    if (arguments.command_line->count(option) > 0) recipe.*member = arguments.given.*member;
  };
  take("--batch", &train::Recipe::batch);
  take("--precision", &train::Recipe::precision);
  take("--layers", &train::Recipe::layers);
  take("--features", &train::Recipe::features);
  take("--heads", &train::Recipe::heads);
  take("--context", &train::Recipe::context);
  take("--dropout", &train::Recipe::dropout);
  take("--clip-norm", &train::Recipe::clip_norm);
  check_used(recipe, defaults);
  const bool has_program = !recipe.program.empty();
  const bool is_text =
      !has_program && train::family_of(recipe.model) == train::Family::language_model;
  if (has_program && arguments.command_line->count("--context") > 0)
    throw InputError("--context: is for the transformers that have a name; leave it out");
  if ((has_program || is_text) && arguments.command_line->count("--image") > 0)
    throw InputError("--image: is for the image classifiers that have a name; leave it out");
  if (!is_text && arguments.command_line->count("--vocabulary") > 0)
    throw InputError("--vocabulary: is for the transformers that have a name; leave it out");
  return recipe;
}

ir::Program model_of(const train::Recipe& recipe, const Arguments& arguments) {
  if (!recipe.program.empty()) return ir::parse(recipe.program, recipe.model);
  train::ModelShape shape = train::shape_of(recipe);
  shape.vocabulary = arguments.vocabulary;
  read_image(arguments.image, shape);
  return train::build_model(recipe.model, shape, train::Mode::training);
}

struct Timing {
  Seconds first;              // step: compiling included
  std::vector<double> steps;  // seconds of each, warm
  double step() const { return stats::quantile(steps, quantile); }
};

Timing time_steps(train::TrainingStep& step, double seconds) {
  constexpr std::size_t least = 5, most = 100'000;
  Timing timing;
  const Seconds start = now();
  step.run();
  timing.first = now() - start;
  for (const Seconds begin = now(); now() - begin < Seconds(seconds / 4);) {
    check_interrupt();
    step.run();
  }
  Progress progress("timing steps", static_cast<std::int64_t>(seconds * 1e3));
  const Seconds begin = now();
  for (Seconds last = begin; (last - begin).value < seconds || timing.steps.size() < least;) {
    check_interrupt();
    step.run();
    const Seconds end = now();
    timing.steps.push_back((end - last).value);
    last = end;
    progress.update(std::min<std::int64_t>(static_cast<std::int64_t>((end - begin).value * 1e3),
                                           static_cast<std::int64_t>(seconds * 1e3)));
    if (timing.steps.size() == most) break;
  }
  return timing;
}

trace::Trace record(train::TrainingStep& step, std::size_t steps) {
  trace::Recording recording;
  trace::name_thread("main");
  for (std::size_t i = 0; i < steps; ++i) {
    check_interrupt();
    step.run();
  }
  trace::Trace trace = recording.stop();
  trim(trace);  // of what it takes to begin
  return trace;
}

struct Kernels {
  double seconds = 0;  // of all kernels, each by itself
  Flops flops;
};

Kernels time_kernels(train::TrainingStep& step, const Timing& timing) {
  const auto kernels = step.executable().kernels();
  const auto repetitions = static_cast<int>(std::clamp<std::size_t>(timing.steps.size(), 5, 50));
  const auto times = step.time_kernels(repetitions);
  Kernels sum;
  for (std::size_t k = 0; k < times.size(); ++k) {
    std::vector<double> seconds;
    for (const auto time : times[k]) seconds.push_back(time.value);
    sum.seconds += stats::quantile(seconds, quantile);
    sum.flops = sum.flops + kernels[kernels.size() - times.size() + k].flops;
  }
  return sum;
}

Json measures(const Timing& timing) {
  return {{"step_seconds", timing.step()},
          {"first_step_seconds", timing.first.value},
          {"steps", timing.steps.size()}};
}

void run(const Arguments& arguments) {
  if (arguments.json) Progress::silence();
  if (!(arguments.seconds > 0 && arguments.seconds <= 3600))
    throw InputError("--seconds {}: must be above 0 and at most 3600", arguments.seconds);
  const auto recipe = recipe_of(arguments);
  auto options = train::train_options(recipe);
  options.update.report_norm = !arguments.no_gradient_norm;
  options.memory = memory_budget(arguments.rematerialise);
  const int threads = threads_of(arguments.execution);
  exec::CpuExecutor executor({.threads = threads});
  train::TrainingStep step(model_of(recipe, arguments), options, executor);
  const std::string file =
      !arguments.report.empty()
          ? arguments.report
          : fmt::format("profile-{}.html", std::filesystem::path(recipe.model).filename().string());
  if (!arguments.steps_alone) require_writable(file);
  const Timing timing = time_steps(step, arguments.seconds);
  if (arguments.steps_alone) {
    if (arguments.json)
      fmt::print("{}\n", measures(timing).dump());
    else
      fmt::print("a step takes {} (lower quartile of {}); the first took {}\n",
                 to_string(Seconds(timing.step())), timing.steps.size(), to_string(timing.first));
    return;
  }
  const auto trace = record(step, std::min<std::size_t>(traced_steps, timing.steps.size()));
  const auto memory = step.executable().memory();
  const Kernels kernels = time_kernels(step, timing);

  const std::string title = fmt::format("{}, batch {}, {}, {} thread{}", recipe.model, recipe.batch,
                                        recipe.precision, threads, threads == 1 ? "" : "s");
  ProfileReport report(trace, arguments.model, "training step of " + title, threads);
  const auto* ceiling =
      report.calibration.ceiling(recipe.precision == "bf16" ? DType::bf16 : DType::f32, threads);
  const double share = kernels.seconds / timing.step();
  const Json of_ceiling =
      ceiling == nullptr ? Json() : Json((kernels.flops / ceiling->rate).value / timing.step());
  const std::string operations =
      fmt::format("Its kernels do {:.3g} GFLOP", kernels.flops.value * 1e-9);
  report.answer.insert(
      report.answer.begin(),
      {fmt::format("A step of {} takes {} (lower quartile of {}), {:.0f} examples/s; its kernels "
                   "by themselves take {}, {:.0f} % of that.",
                   title, to_string(Seconds(timing.step())), timing.steps.size(),
                   static_cast<double>(recipe.batch) / timing.step(),
                   to_string(Seconds(kernels.seconds)), 100 * share),
       ceiling == nullptr ? fmt::format("{}; this machine has no measured ceiling in {}, so "
                                        "operators are held to that in f32.",
                                        operations, recipe.precision)
                          : fmt::format("{}, at {:.0f} % of what this machine can do.", operations,
                                        100 * of_ceiling.get<double>()),
       fmt::format("Values take {} of memory (at least {} are alive at once), kernels {} more.",
                   to_string(memory.values), to_string(memory.lower_bound),
                   to_string(memory.scratch))});
  if (const auto made = step.executable().recomputation())
    report.answer.insert(report.answer.begin() + 3, "By --rematerialise, " + sentence(*made) + ".");
  if (share > 1)
    report.answer.emplace_back(
        "By themselves kernels took longer than in the steps before: the machine was not steady. "
        "Repeat when nothing else runs.");
  Json json = to_json(report);
  json["training"] = measures(timing);
  json["training"].update({{"kernels_seconds", kernels.seconds},
                           {"flops", kernels.flops.value},
                           {"fraction_of_ceiling", of_ceiling},
                           {"memory_bytes", memory.values.value},
                           {"least_memory_bytes", memory.lower_bound.value}});
  const std::string text = write_page(json, file);
  if (arguments.json) {
    fmt::print("{}\n", text);
    return;
  }
  print(report, arguments.rows);
  fmt::print("report: {}\n", file);
}

}  // namespace

void add_profile_training(CLI::App& parent) {
  auto* command = parent.add_subcommand(
      "train", "Time one training step of a model, on examples made up in memory, and explain it");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  a.command_line = command;
  command->add_option("model", a.model, "As for gnomon train")->required();
  command->add_option("--batch", a.given.batch, "Examples per step; default: as gnomon train");
  command->add_option("--precision", a.given.precision, "f32, or bf16 with f32 master weights")
      ->capture_default_str();
  command->add_option("--image", a.image, "Channels, height and width of the images")
      ->capture_default_str()
      ->type_name("CxHxW");
  command->add_option("--vocabulary", a.vocabulary, "Different tokens of the text")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--context", a.given.context, "Tokens that a language model sees at once");
  command->add_option("--layers", a.given.layers, "Blocks of a transformer");
  command->add_option("--features", a.given.features, "Width of a transformer");
  command->add_option("--heads", a.given.heads, "Attention heads of a transformer");
  command->add_option("--dropout", a.given.dropout, "Share of activations dropped");
  command->add_option("--clip-norm", a.given.clip_norm,
                      "Shorten gradients to this norm; 0: do not");
  command->add_flag("--no-gradient-norm", a.no_gradient_norm,
                    "Leave out the gradients' norm, which gnomon train records");
  add_rematerialise_option(*command, a.rematerialise);
  add_threads_option(*command, a.execution);
  command->add_option("--seconds", a.seconds, "How long to time steps, at least")
      ->capture_default_str();
  auto* alone =
      command->add_flag("--steps-alone", a.steps_alone, "Say how long a step takes, and no more");
  command->add_option("--rows", a.rows, "Operators that are printed")
      ->capture_default_str()
      ->excludes(alone);
  command->add_option("--report", a.report, "The page for people; default profile-MODEL.html")
      ->type_name("FILE")
      ->excludes(alone);
  command->add_flag("--json", a.json, "Print what the page shows as JSON");
  command->footer("Example:\n  gnomon profile train resnet20 --image 3x32x32 --precision bf16");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
