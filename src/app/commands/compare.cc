#include "app/commands/compare.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "base/nearest.h"
#include "base/progress.h"
#include "study/compare.h"
#include "study/quantity.h"

namespace gnomon::app {
namespace {

struct Options {
  std::string first, second;
  std::string measure = "wall";
  std::string blocks, half_width, budget, timeout, prepare;
  int warmup = 1;
  std::uint64_t seed = 1;
  bool maximise = false;
  bool json = false;
};

study::Measure measure_for(const Options& options) {
  if (options.measure == "wall") return *study::known_measure("wall");
  if (options.measure == "user") return *study::known_measure("processor");
  if (options.measure == "memory") return *study::known_measure("memory.peak");
  const bool captures = options.measure.find('(') != std::string::npos;
  if (!captures)
    throw InputError(
        "--measure {}: {} Or give a pattern with the number in parentheses: "
        "'([0-9.]+) GFLOP/s'",
        options.measure,
        suggest(options.measure, std::vector<std::string>{"wall", "user", "memory"}));
  try {
    if (std::regex(options.measure).mark_count() < 1) throw std::regex_error({});
  } catch (const std::regex_error&) {
    throw InputError("--measure {}: is not a regular expression with a group (ECMAScript)",
                     options.measure);
  }
  return {"number",
          "",
          "its number",
          options.maximise ? study::Goal::maximise : study::Goal::minimise,
          study::Source::blocks,
          options.measure};
}

Seconds duration(const std::string& text, std::string_view option, Seconds fallback) {
  if (text.empty()) return fallback;
  const auto value = study::parse_seconds(text);
  if (!value || *value <= Seconds(0))
    throw InputError("{} {}: is not a duration; write it like 60s, 500ms or 2min", option, text);
  return *value;
}

study::Method method_for(const Options& options) {
  study::Method method;
  method.budget = duration(options.budget, "--budget", method.budget);
  method.timeout = duration(options.timeout, "--timeout", method.timeout);
  method.seed = options.seed;
  method.warmup = options.warmup;
  if (!options.blocks.empty()) {
    const auto range = study::parse_range(options.blocks);
    if (!range || range->first < 2 || range->second < range->first)
      throw InputError("--blocks {}: is not a range from 2 up; write it like 10..40",
                       options.blocks);
    method.least_blocks = range->first;
    method.most_blocks = range->second;
  }
  if (!options.half_width.empty()) {
    const auto share = study::parse_share(options.half_width);
    if (!share || *share <= 0 || *share >= 1)
      throw InputError("--half-width {}: is not a share; write it like 1%", options.half_width);
    method.half_width = *share;
    method.stop_when_decided = false;
  }
  return method;
}

nlohmann::json json_of(const stats::Interval& i) {
  return {{"estimate", i.estimate}, {"low", i.low}, {"high", i.high}, {"confidence", i.confidence}};
}

void print_json(const Options& options, const study::CommandComparison& result) {
  const auto& report = result.finished.report;
  nlohmann::json arms = nlohmann::json::array(), effect = nlohmann::json::object();
  for (const auto& c : report.configurations) {
    const auto found = c.measures.begin();
    arms.push_back(
        {{"command", c.id == 0 ? options.first : options.second},
         {"completed", c.blocks},
         {"censored", c.censored},
         {"value", found == c.measures.end() ? nlohmann::json(nullptr) : json_of(found->second)}});
  }
  for (const auto& [name, ratio] : report.aa.effect) effect[name] = json_of(ratio);
  const nlohmann::json json = {{"sentence", result.sentence},
                               {"verdict", stats::to_string(result.comparison.verdict)},
                               {"measure", report.objectives.front()},
                               {"ratio", json_of(stats::exponential(result.comparison.interval))},
                               {"p_value", result.comparison.p_value},
                               {"blocks", result.comparison.blocks},
                               {"executions", result.finished.evidence.study.method.executions},
                               {"stopped", report.answer.stopped},
                               {"process_floor_seconds", result.floor.value},
                               {"arms", arms},
                               {"aa", {{"passed", report.aa.passed}, {"effect", effect}}}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_words(const Options& options, const study::CommandComparison& result) {
  const auto& report = result.finished.report;
  const study::Measure& measure = result.finished.evidence.study.measures.front();
  fmt::print("{}\n\n", result.sentence);
  for (const auto& c : report.configurations) {
    const auto& value = c.measures.at(measure.name);
    fmt::print("  {:<12} {} to {}  {}\n", study::to_words(measure, value.estimate),
               study::to_words(measure, value.low), study::to_words(measure, value.high),
               c.id == 0 ? options.first : options.second);
    if (c.censored > 0)
      fmt::print("  {} of its {} runs failed or timed out; they count as slowest\n", c.censored,
                 c.censored + c.blocks);
  }
  const auto& ratio = report.aa.effect.at(measure.name);
  fmt::print(
      "  {}: a command measured against itself differs by {:+.2f} % ({:+.2f} to {:+.2f} %)\n",
      report.aa.passed ? "A/A passed" : "A/A FAILED, do not trust differences of this size",
      (ratio.estimate - 1) * 100, (ratio.low - 1) * 100, (ratio.high - 1) * 100);
  const int executions = result.finished.evidence.study.method.executions;
  if (executions > 1)
    fmt::print("  each sample is the median of {} runs, because they are short\n", executions);
  const double shortest = report.configurations.front().measures.at(measure.name).estimate;
  if (measure.name == "wall" && shortest < 10 * result.floor.value)
    fmt::print("  of each run about {} is the start and end of a process, whatever it does\n",
               to_string(result.floor));
  fmt::print("  stopped: {}\n", report.answer.stopped);
}

void run(const Options& options) {
  if (options.json) Progress::silence();
  study::CompareOptions compare;
  compare.measure = measure_for(options);
  compare.method = method_for(options);
  compare.prepare = options.prepare;
  const auto result = study::compare_commands(options.first, options.second, compare);
  if (options.json)
    print_json(options, result);
  else
    print_words(options, result);
}

}  // namespace

void add_compare(CLI::App& parent) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "compare", "Which of two commands is faster, and by how much; or that one cannot tell");
  command->add_option("first", options->first, "A command line")->required();
  command->add_option("second", options->second, "Another")->required();
  command
      ->add_option("--measure", options->measure,
                   "wall, user (processor time), memory, or a pattern such as '([0-9.]+) GFLOP/s'")
      ->capture_default_str();
  command->add_flag("--maximise", options->maximise, "More of the pattern's number is better");
  command->add_option("--blocks", options->blocks, "Fewest and most blocks; default 10..40");
  command->add_option("--half-width", options->half_width,
                      "Go on until the ratio is known this well, such as 1%");
  command->add_option("--budget", options->budget, "Time to measure; default 60s");
  command->add_option("--timeout", options->timeout, "Of each run; default 60s");
  command->add_option("--warmup", options->warmup, "Runs thrown away first")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000));
  command->add_option("--prepare", options->prepare, "Run before each run, not measured");
  command->add_option("--seed", options->seed, "Of the random order")
      ->capture_default_str()
      ->check(at_least_0);
  command->add_flag("--json", options->json, "Print JSON");
  command->footer("Example: gnomon compare 'gzip -1 -c /usr/bin/bash' 'gzip -9 -c /usr/bin/bash'");
  command->callback([options] { run(*options); });
}

}  // namespace gnomon::app
