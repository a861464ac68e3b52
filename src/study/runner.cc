#include "study/runner.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/clock.h"
#include "base/error.h"
#include "stats/quantile.h"
#include "study/quantity.h"

namespace gnomon::study {
namespace {

// std::regex recurses once per character: longer lines hold no measure.
constexpr std::size_t kLongestLine = 4096;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

double measured(const Measure& measure, const Outcome& outcome, const Printed& printed) {
  if (measure.name == "wall") return outcome.wall.value;
  if (measure.name == "processor") return (outcome.user + outcome.system).value;
  if (measure.name == "memory.peak") return outcome.peak_memory.value;
  if (!measure.pattern.empty()) return captured(outcome.out + "\n" + outcome.err, measure.pattern);
  const auto found = printed.numbers.find(measure.name);
  return found == printed.numbers.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::string missing(const Measure& measure) {
  if (!measure.pattern.empty())
    return fmt::format("printed nothing that matches '{}' ({})", measure.pattern, measure.name);
  return fmt::format(
      "printed no number for '{0}'; its last line must be a JSON object such as "
      "{{\"{0}\": 1.5}}, or give the measure a pattern",
      measure.name);
}

std::string said(const Outcome& outcome) {
  const std::string line = last_line(outcome.err.empty() ? outcome.out : outcome.err);
  return line.empty() ? "" : ": " + line;
}

void fail(Observed& observed, std::string outcome, std::string complaint) {
  observed.replicate.outcome = std::move(outcome);
  observed.complaint = std::move(complaint);
}

}  // namespace

std::string last_line(std::string_view text) {
  constexpr std::size_t longest = 200;
  const auto lines = lines_of(text);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    if (line->find_first_not_of(" \t\r") != std::string_view::npos)
      return std::string(line->substr(0, longest));
  return "";
}

Printed last_object(std::string_view output) {
  Printed printed;
  const auto lines = lines_of(output);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!line->starts_with('{')) continue;
    const auto object = nlohmann::json::parse(*line, nullptr, false);
    if (!object.is_object()) continue;
    for (const auto& [key, value] : object.items()) {
      if (value.is_number()) printed.numbers[key] = value.get<double>();
      if (value.is_string()) printed.texts[key] = value.get<std::string>();
    }
    return printed;
  }
  return printed;
}

double captured(std::string_view output, const std::string& pattern) {
  const std::regex expression(pattern);
  const auto lines = lines_of(output);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::match_results<std::string_view::const_iterator> match;
    if (line->size() > kLongestLine ||
        !std::regex_search(line->begin(), line->end(), match, expression))
      continue;
    if (const auto value = parse_number(match[1].str())) return *value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

Observed observe(const Task& task) {
  Observed observed;
  observed.replicate.started = timestamp_utc();
  std::map<std::string, std::vector<double>> samples;
  for (int i = 0; i < task.executions; ++i) {
    if (!task.prepare.argv.empty()) {
      const Outcome prepared = run_command(task.prepare);
      if (prepared.exit_code != 0) {
        fail(observed, "failed", "prepare failed" + said(prepared));
        return observed;
      }
    }
    const Outcome outcome = run_command(task.command);
    observed.replicate.wall += outcome.wall.value;
    observed.context_switches += outcome.context_switches;
    observed.page_faults += outcome.page_faults;
    if (outcome.timed_out) {
      fail(observed, "timeout",
           fmt::format("did not finish within {}", to_string(task.command.timeout)));
      return observed;
    }
    if (outcome.exit_code != 0) {
      fail(observed, "failed", fmt::format("exit code {}{}", outcome.exit_code, said(outcome)));
      return observed;
    }
    const Printed printed = last_object(outcome.out);
    observed.facts = printed.texts;
    for (const Measure& measure : task.measures) {
      const double value = measured(measure, outcome, printed);
      if (!std::isfinite(value)) {
        fail(observed, "failed", missing(measure));
        return observed;
      }
      samples[measure.name].push_back(value);
    }
  }
  for (const auto& [name, values] : samples)
    observed.replicate.values[name] = stats::median(values);
  return observed;
}

}  // namespace gnomon::study
