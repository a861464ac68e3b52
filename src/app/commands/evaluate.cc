#include "app/commands/evaluate.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/execution.h"
#include "app/runs.h"
#include "app/training.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "data/npz.h"
#include "ir/text.h"
#include "stats/quantile.h"
#include "stats/steady_state.h"
#include "train/evaluator.h"
#include "train/model_file.h"
#include "train/recipe.h"
#include "train/trainer.h"

namespace gnomon::app {
namespace {

struct Arguments {
  std::string model_file, run, checkpoint;
  std::string data;
  std::string precision = "f32";
  std::int64_t batch = 100;
  std::string predictions, outputs_file;
  bool throughput = false;
  double seconds = 0.15;
  Execution execution;
  bool json = false;
};

Bytes peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Bytes(static_cast<double>(usage.ru_maxrss) * 1024);
}

// The process is summarised by the 25th percentile and the median of its steady samples.
nlohmann::json measure(train::Evaluator& evaluator, const data::Dataset& data, exec::States& states,
                       const Arguments& arguments) {
  std::vector<double> samples;
  for (const Seconds sample : evaluator.sample_latency(data, states, Seconds(arguments.seconds)))
    samples.push_back(sample.value);
  const auto steady = stats::find_steady_state(samples);
  const auto kept = std::span(samples).subspan(steady.steady ? steady.warm_up : 0);
  const double p25 = stats::quantile(kept, 0.25);
  return {{"throughput", static_cast<double>(arguments.batch) / p25},
          {"latency.p25", p25},
          {"latency.p50", stats::median(kept)},
          {"samples", kept.size()},
          {"warm_up", samples.size() - kept.size()},
          {"steady", steady.steady},
          {"memory.peak", peak_memory().value}};
}

nlohmann::json assess(train::Evaluator& evaluator, const data::Dataset& data, exec::States& states,
                      const Arguments& arguments) {
  const auto evaluation = evaluator.evaluate(data, states, !arguments.outputs_file.empty());
  if (evaluation.outputs)
    write_file(arguments.outputs_file,
               data::npz_bytes({{"outputs", *evaluation.outputs}, {"labels", data.labels}},
                               arguments.outputs_file));
  if (!arguments.predictions.empty())
    write_file(arguments.predictions, {reinterpret_cast<const char*>(evaluation.correct.data()),
                                       evaluation.correct.size()});
  nlohmann::json accuracy;  // null where nothing is predicted
  if (!evaluation.correct.empty()) accuracy = evaluation.accuracy;
  return {{"accuracy", std::move(accuracy)},
          {"loss", evaluation.loss},
          {"predictions", evaluation.correct.size()}};
}

void print(const nlohmann::json& result, const std::string& judged, const Arguments& arguments) {
  if (arguments.json)
    fmt::print("{}\n", result.dump());
  else if (arguments.throughput)
    fmt::print("{:.0f} examples/s at batch {} in {} ({} per batch, {} samples)\n",
               result["throughput"].get<double>(), arguments.batch, arguments.precision,
               to_string(Seconds(result["latency.p25"].get<double>())),
               result["samples"].get<std::size_t>());
  else if (const auto predictions = result["predictions"].get<std::size_t>(); predictions == 0)
    fmt::print("loss {:.4g} in {} ({})\n", result["loss"].get<double>(), arguments.precision,
               judged);
  else
    fmt::print("accuracy {:.4f} on {} predictions, loss {:.4f} in {} ({})\n",
               result["accuracy"].get<double>(), predictions, result["loss"].get<double>(),
               arguments.precision, judged);
}

train::ModelFile load_model(const Arguments& arguments) {
  if (arguments.model_file.empty() == arguments.run.empty())
    throw InputError(
        "evaluate: which model? Name one file with --model-file, or one run with --run");
  if (!arguments.model_file.empty()) return train::load(arguments.model_file);
  if (!arguments.checkpoint.empty())
    return checkpoint_model(find_run_of(arguments.run), arguments.checkpoint);
  return train::load(
      find_model(arguments.run == "latest" ? find_run("latest").string() : arguments.run));
}

// How the model was trained, which says what it is to be tested on.
train::Recipe recipe_of(const train::ModelFile& file, const Arguments& arguments) {
  const auto found = file.metadata.find("recipe");
  train::Recipe recipe;
  if (found != file.metadata.end())
    recipe = train::recipe_from_json(
        found->second, arguments.model_file.empty() ? arguments.run : arguments.model_file);
  if (!arguments.data.empty()) recipe.data = arguments.data;
  if (file.program) recipe.program = ir::print(*file.program);
  return recipe;
}

// What the model takes at once: `asked`, unless its text fixes or bounds it.
std::int64_t batch_taken(const ir::Program& model, std::int64_t asked) {
  const auto inputs = ir::inputs_of(model);
  if (inputs.size() != 1 || model.nodes[inputs[0]].results[0].rank() == 0)
    throw InputError("{}: takes no batch of examples", model.name);
  const ir::Dim& batch = model.nodes[inputs[0]].results[0].dims[0];
  return batch.is_symbol() ? std::min(asked, batch.size) : batch.size;
}

constexpr const char* part_names[] = {"test", "set apart", "all"};

// The examples judged, in words.
std::string words_for(train::JudgedPart part, const train::Recipe& recipe,
                      const train::ModelFile& file) {
  const std::string data = train::without_folders(recipe.data);
  if (part == train::JudgedPart::test) return fmt::format("the test part of {}", data);
  if (part == train::JudgedPart::set_apart)
    return fmt::format("the part of {} that training set apart", data);
  const auto trained = file.metadata.find("data");
  if (trained == file.metadata.end()) return fmt::format("all of {}", data);
  if (train::with_whole_paths(recipe.data) == trained->second)
    return fmt::format("all of {}, whose contents have changed since the training", data);
  return fmt::format("all of {}; the model was trained on {}", data,
                     train::without_folders(trained->second));
}

void run(Arguments& arguments) {
  if (arguments.json) Progress::silence();
  if (!(arguments.seconds > 0 && arguments.seconds <= 3600))
    throw InputError("--seconds {}: must be above 0 and at most 3600", arguments.seconds);
  const auto precision = train::precision_named(arguments.precision);
  const auto file = load_model(arguments);
  const auto recipe = recipe_of(file, arguments);
  const auto model = file.build(arguments.batch).inference;
  arguments.batch = batch_taken(model, arguments.batch);
  if (!arguments.outputs_file.empty()) require_writable(arguments.outputs_file);
  StackSampling stacks(arguments.execution.stacks_file);
  const auto executor = make_executor(arguments.execution);
  const auto hash = file.metadata.find("data.hash");
  auto judged =
      train::load_judged(recipe, hash == file.metadata.end() ? "" : hash->second, file.tokeniser);
  if (!judged.note.empty()) fmt::print(stderr, "gnomon: {}\n", judged.note);
  const auto test = train::as_trained(file, std::move(judged.examples), recipe.data);
  const auto loss = train::loss_named(recipe.loss);
  train::require_fit(model, test, arguments.batch, loss);
  if (arguments.throughput && arguments.batch > test.size())
    throw InputError("--batch {}: the data set has only {} examples", arguments.batch, test.size());
  exec::States states = train::restore(file, model);
  train::Evaluator evaluator(model, *executor, precision, arguments.batch, loss);
  Tracing tracing(arguments.execution.trace_file);
  auto result = arguments.throughput ? measure(evaluator, test, states, arguments)
                                     : assess(evaluator, test, states, arguments);
  if (!arguments.checkpoint.empty()) result["step"] = std::stoll(file.metadata.at("steps"));
  result["precision"] = arguments.precision;
  result["data hash"] = test.hash;
  result["data part"] = part_names[static_cast<std::size_t>(judged.part)];
  tracing.finish();
  stacks.finish();
  std::string judged_words = words_for(judged.part, recipe, file);
  if (!arguments.checkpoint.empty())
    judged_words += fmt::format("; the model after step {}", file.metadata.at("steps"));
  print(result, judged_words, arguments);
}

}  // namespace

void add_evaluate(CLI::App& parent) {
  auto* command =
      parent.add_subcommand("evaluate", "Measure a trained model: its accuracy, or its speed");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command->add_option("--model-file", a.model_file, "What `gnomon train --out` wrote")
      ->type_name("FILE");
  auto* of_run =
      command
          ->add_option("--run", a.run,
                       "Instead: the model of a run, by its name, its model's, or 'latest'")
          ->type_name("RUN");
  command
      ->add_option("--checkpoint", a.checkpoint,
                   "The run's model as it was: best (of the least test loss), latest, or a step")
      ->type_name("WHICH")
      ->needs(of_run);
  command->add_option(
      "--data", a.data,
      "Data to judge it on: of those it was trained on the part set apart, of other "
      "files all; default: what it was trained on");
  command->add_option("--precision", a.precision, "f32 or bf16")->capture_default_str();
  command->add_option("--batch", a.batch, "Examples per run")->capture_default_str();
  command
      ->add_option("--predictions", a.predictions,
                   "Write one byte per prediction: 1 right, 0 wrong")
      ->type_name("FILE");
  auto* outputs =
      command
          ->add_option(
              "--outputs", a.outputs_file,
              "Write what the model says of each example, and its label: NumPy's .npz with "
              "the arrays outputs (f32; the logits) and labels")
          ->type_name("FILE");
  command
      ->add_flag("--throughput", a.throughput,
                 "Time batches that are in memory instead of assessing accuracy")
      ->excludes(outputs);
  command->add_option("--seconds", a.seconds, "How long to time, at least")->capture_default_str();
  command->add_flag("--json", a.json, "Print the result as JSON");
  add_execution_options(*command, a.execution);
  command->footer(
      "Example:\n  gnomon train lenet --epochs 1 --out lenet.safetensors\n"
      "  gnomon evaluate --model-file lenet.safetensors --precision bf16 --batch 32 --throughput");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
