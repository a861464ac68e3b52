#include "app/commands/generate.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/execution.h"
#include "app/runs.h"
#include "app/training.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "train/generate.h"
#include "train/model_file.h"

namespace gnomon::app {
namespace {

struct Arguments {
  std::string model, checkpoint;
  std::string prompt = "The ";
  std::int64_t tokens = 200;
  train::Sampling sampling;
  std::string precision = "f32";
  Execution execution;
  bool no_cache = false, json = false;
};

// When the tokens of a continuation came.
struct Times {
  Seconds start, first, last;  // the prompt's reading began; the first and the last token was drawn

  Seconds all() const { return last - start; }
};

// Of tokens in a duration, nothing if there is none.
nlohmann::json per_second(std::size_t tokens, Seconds duration) {
  if (tokens == 0 || duration.value <= 0) return nullptr;
  return static_cast<double>(tokens) / duration.value;
}

void run(const Arguments& arguments) {
  if (arguments.tokens < 1 || arguments.tokens > 1'000'000)
    throw InputError("--tokens {}: must be between 1 and 1000000", arguments.tokens);
  const bool of_checkpoint = !arguments.checkpoint.empty();
  const auto path = of_checkpoint ? find_run_of(arguments.model) : find_model(arguments.model);
  const auto file =
      of_checkpoint ? checkpoint_model(path, arguments.checkpoint) : train::load(path);
  if (!file.tokeniser)
    throw InputError("{}: holds {}, which is no language model", path.string(), file.model);
  StackSampling stacks(arguments.execution.stacks_file);
  const auto executor = make_executor(arguments.execution);
  train::Decoder decoder(
      train::text_model(file, !arguments.no_cache, train::precision_named(arguments.precision)),
      *executor, train::restore(file, file.build(1).inference));
  const auto prompt = file.tokeniser->encode(arguments.prompt, "--prompt");
  train::check_sampling(prompt, arguments.sampling);
  Tracing tracing(arguments.execution.trace_file);
  std::vector<std::int32_t> ids;
  const bool show = !arguments.json;
  if (show) fmt::print("{}", arguments.prompt);
  std::fflush(stdout);
  const Seconds before = now();
  decoder.prepare();
  Times times{now(), {}, {}};
  train::generate(decoder, prompt, arguments.tokens, arguments.sampling, [&](std::int32_t id) {
    times.last = now();
    if (ids.empty()) times.first = times.last;
    ids.push_back(id);
    if (show) fmt::print("{}", file.tokeniser->decode(std::span(&id, 1)));
    std::fflush(stdout);
    return id != file.tokeniser->end_of_text() && !interrupted();
  });
  tracing.finish();
  stacks.finish();
  if (show) {
    fmt::print("\n");
    fmt::print(stderr, "{} tokens, {:.0f} tokens/s\n", ids.size(),
               static_cast<double>(ids.size()) / times.all().value);
  } else {
    print_json({{"prompt", arguments.prompt},
                {"text", file.tokeniser->decode(ids)},
                {"tokens", ids.size()},
                {"tokens_per_second", per_second(ids.size(), times.all())},
                {"cache", decoder.has_cache()},
                {"prepare_seconds", (times.start - before).value},
                {"prompt_seconds", (times.first - times.start).value},
                {"decode_tokens_per_second", per_second(ids.size() - 1, times.last - times.first)},
                {"model_file", path.string()}});
  }
  if (interrupted()) throw Exit{130};
}

}  // namespace

void add_generate(CLI::App& parent) {
  auto* command = parent.add_subcommand("generate", "Continue a text by a trained language model");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command
      ->add_option("model", a.model,
                   "A model file, a run, or a model's name for the latest run of it")
      ->required();
  command
      ->add_option("--checkpoint", a.checkpoint,
                   "A run's model as it was: best (of the least test loss), latest, or a step")
      ->type_name("WHICH");
  command->add_option("--prompt", a.prompt, "The text to continue")->capture_default_str();
  command->add_option("--tokens", a.tokens, "How many tokens at most")->capture_default_str();
  command
      ->add_option("--temperature", a.sampling.temperature,
                   "Divides the logits: 0 takes the likeliest token, 1 draws as the model says")
      ->capture_default_str();
  command->add_option("--top", a.sampling.top, "Draw among the N likeliest tokens only; 0: all");
  command->add_option("--seed", a.sampling.seed, "Of the drawing")
      ->capture_default_str()
      ->check(at_least_0);
  command->add_option("--precision", a.precision, "f32 or bf16")->capture_default_str();
  command->add_flag(
      "--no-cache", a.no_cache,
      "Run the whole model for every token: the same text but where rounding decides, "
      "slower");
  command->add_flag("--json", a.json, "Print the result as JSON");
  add_execution_options(*command, a.execution);
  command->footer(
      "Example:\n  gnomon train gpt-nano --steps 2000\n"
      "  gnomon generate gpt-nano --prompt \"The jury\" --temperature 0.8 --seed 1");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
