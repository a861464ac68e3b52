#include "study/compare.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/quantile.h"
#include "study/answer.h"
#include "study/provenance.h"

namespace gnomon::study {
namespace {

constexpr Seconds kShortestSample(0.005);
constexpr int kMostExecutions = 50;
constexpr int kTrials = 3;

// One command alone: whether it works at all, and how long it takes.
Seconds try_out(const std::string& line, const CompareOptions& options) {
  Task task;
  task.command.argv = command_words(line, {});
  task.command.timeout = options.method.timeout;
  if (!options.prepare.empty()) task.prepare.argv = command_words(options.prepare, {});
  task.measures = {options.measure};
  std::vector<double> walls;
  for (int i = 0; i < std::max(1, options.method.warmup) + kTrials; ++i) {
    const Observed observed = observe(task);
    if (observed.replicate.outcome != "ok") throw InputError("{}: {}", line, observed.complaint);
    if (observed.replicate.values.at(options.measure.name) <= 0)
      throw InputError("{}: {} is not positive; ratios need positive numbers", line,
                       options.measure.name);
    walls.push_back(observed.replicate.wall);
    if (Seconds(walls.back()) > Seconds(1)) break;
  }
  return Seconds(stats::median(walls));
}

Seconds process_floor() {
  Command nothing;
  nothing.argv = {"true"};
  std::vector<double> walls;
  for (int i = 0; i < 2 * kTrials; ++i) walls.push_back(run_command(nothing).wall.value);
  return Seconds(stats::quantile(walls, 0));
}

int executions_for(Seconds shortest) {
  return static_cast<int>(
      std::clamp(std::ceil(kShortestSample / shortest), 1.0, static_cast<double>(kMostExecutions)));
}

std::string interval_words(const stats::Comparison& comparison, double low, double high) {
  return fmt::format("({:.0f} % interval {})", std::round(comparison.interval.confidence * 100),
                     percent_range(low, high));
}

}  // namespace

std::string comparison_sentence(const Measure& measure, const std::string& first,
                                const std::string& second, const stats::Comparison& comparison,
                                double margin) {
  const auto ratio = stats::exponential(comparison.interval);
  const std::string blocks = fmt::format("{} blocks", comparison.blocks);
  if (comparison.verdict == stats::Verdict::equivalent)
    return fmt::format("{} and {} are the same within {} {}, {}", second, first, percent(margin),
                       interval_words(comparison, ratio.low - 1, ratio.high - 1), blocks);
  if (comparison.verdict == stats::Verdict::undecided)
    return fmt::format(
        "cannot tell: {} ÷ {} is {:.3g} with {:.3g} to {:.3g} possible (95 % "
        "interval), {}; more blocks or a larger budget may",
        second, first, ratio.estimate, ratio.low, ratio.high, blocks);
  const bool is_time = measure.name == "wall" || measure.name == "processor";
  const auto times = [&](double low, double high) {
    return fmt::format("({:.0f} % interval {:.3g}–{:.3g} times)",
                       std::round(comparison.interval.confidence * 100), low, high);
  };
  if (is_time && ratio.estimate <= 0.5)
    return fmt::format("{} is {:.3g} times as fast as {} {}, {}", second, 1 / ratio.estimate, first,
                       times(1 / ratio.high, 1 / ratio.low), blocks);
  if (is_time && ratio.estimate >= 2)
    return fmt::format("{} takes {:.3g} times as long as {} {}, {}", second, ratio.estimate, first,
                       times(ratio.low, ratio.high), blocks);
  if (is_time && ratio.estimate < 1)  // faster: the ratio of speeds
    return fmt::format("{} is {} faster than {} {}, {}", second, percent(1 / ratio.estimate - 1),
                       first, interval_words(comparison, 1 / ratio.high - 1, 1 / ratio.low - 1),
                       blocks);
  if (is_time)
    return fmt::format("{} is {} slower than {} {}, {}", second, percent(ratio.estimate - 1), first,
                       interval_words(comparison, ratio.low - 1, ratio.high - 1), blocks);
  return fmt::format("{} has {} {} {} than {} {}, {}", second, measure.label,
                     percent(ratio.estimate - 1), ratio.estimate > 1 ? "higher" : "lower", first,
                     interval_words(comparison, ratio.low - 1, ratio.high - 1), blocks);
}

CommandComparison compare_commands(const std::string& first, const std::string& second,
                                   const CompareOptions& options) {
  Study study;
  study.name = "compare";
  study.knobs = {{"command", {first, second}}};
  study.command = "{command}";
  study.prepare = options.prepare;
  study.measures = {options.measure};
  study.objectives = {options.measure.name};
  study.method = options.method;
  study.method.warmup = 0;  // trying out warms up
  const Seconds one = try_out(first, options);
  const Seconds other = try_out(second, options);
  study.method.executions = executions_for(std::min(one, other));
  CommandComparison result;
  result.floor = process_floor();
  Records records = Records::in_memory();
  EngineOptions engine;
  engine.provenance = read_provenance();
  result.finished = run_study(study, records, engine);
  result.comparison = compare_configurations(result.finished.evidence, options.measure, 1, 0);
  result.sentence =
      comparison_sentence(options.measure, first, second, result.comparison, options.method.margin);
  return result;
}

}  // namespace gnomon::study
