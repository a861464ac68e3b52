// The YAML form of a study. Each part reads one key of the file; the checks that concern several
// keys together are in study/consistency.cc.

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <regex>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "machine/yaml_section.h"
#include "study/consistency.h"
#include "study/quantity.h"
#include "study/specification.h"
#include "study/workload.h"

namespace gnomon::study {
namespace {

using yaml::fail_at;
using yaml::scalar;
using yaml::Section;

constexpr std::size_t kLongestPattern = 200;

bool is_identifier(std::string_view name) {
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name[0])) != 0 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
         });
}

std::vector<Knob> read_knobs(const Section& study) {
  std::vector<Knob> knobs;
  if (!study.has("knobs")) return knobs;
  const Section section = study.section("knobs", {});
  for (const auto& entry : section.entries()) {
    if (!is_identifier(entry.key) || entry.key.starts_with("stage.") || entry.key == "seed" ||
        entry.key == "artefact" || entry.key == "predictions")
      section.fail(entry.key,
                   "cannot be the name of a knob; use letters, digits, '_', '-' and '.'");
    Knob knob{entry.key, section.texts(entry.key)};
    if (knob.values.empty())
      section.fail(entry.key, "has no values; write a list such as [1, 8, 32]");
    for (auto value = knob.values.begin(); value != knob.values.end(); ++value)
      if (std::find(knob.values.begin(), value, *value) != value)
        section.fail(entry.key, fmt::format("holds '{}' twice; keep one", *value));
    knobs.push_back(std::move(knob));
  }
  return knobs;
}

std::map<std::string, std::string> read_environment(const Section& parent) {
  std::map<std::string, std::string> result;
  if (!parent.has("env")) return result;
  const Section section = parent.section("env", {});
  for (const auto& entry : section.entries())
    result[entry.key] = scalar(parent.origin(), entry.value, section.full(entry.key));
  return result;
}

std::vector<Stage> read_stages(const Section& study) {
  std::vector<Stage> stages;
  if (!study.has("stages")) return stages;
  const Section section = study.section("stages", {});
  for (const auto& entry : section.entries()) {
    if (!is_identifier(entry.key))
      section.fail(entry.key, "cannot be the name of a stage; use letters, digits, '_' and '-'");
    const Section stage = section.section(entry.key, {"command", "env"});
    stages.push_back({entry.key, stage.required_text("command", "write the command line to run"),
                      read_environment(stage)});
  }
  return stages;
}

std::map<std::string, std::string> read_options(const Section& workload, const std::string& key,
                                                const std::vector<std::string>& known) {
  std::map<std::string, std::string> result;
  if (!workload.has(key)) return result;
  const Section section = workload.section(key, known);
  for (const auto& entry : section.entries()) result[entry.key] = section.text(entry.key, "");
  return result;
}

void read_workload(const Section& file, Study& study) {
  const Section section = file.section("workload", {"model", "data", "train", "evaluate"});
  Workload workload;
  workload.model = section.required_text("model", "name one, such as lenet");
  workload.data = section.required_text("data", "name a data set, such as fashion-mnist");
  workload.train = read_options(section, "train", train_options());
  workload.evaluate = read_options(section, "evaluate", evaluate_options());
  try {
    expand_workload(workload, study);
  } catch (const InputError& error) {
    fail_at(file.origin(), file.has("knobs") ? file.at("knobs") : file.at("workload"),
            error.what());
  }
}

Goal read_goal(const Section& section) {
  const std::string text = section.text("goal", "none");
  for (const Goal goal : {Goal::none, Goal::minimise, Goal::maximise})
    if (text == name(goal)) return goal;
  section.fail("goal", fmt::format("'{}' is not a goal; write minimise, maximise or none", text));
}

std::string read_pattern(const Section& section) {
  const std::string pattern = section.text("pattern", "");
  if (pattern.size() > kLongestPattern)
    section.fail("pattern",
                 fmt::format("is longer than {} characters; shorten it", kLongestPattern));
  try {
    if (!pattern.empty() && std::regex(pattern).mark_count() < 1)
      section.fail("pattern", "captures nothing; put the number into parentheses: ([0-9.]+)");
  } catch (const std::regex_error&) {
    section.fail("pattern", "is not a regular expression (ECMAScript); check its brackets");
  }
  return pattern;
}

Measure read_measure(const Section& study, const YAML::Node& node) {
  if (node.IsScalar()) {
    if (const auto known = known_measure(node.Scalar())) return *known;
    std::vector<std::string> names;
    for (const auto& measure : known_measures()) names.push_back(measure.name);
    fail_at(study.origin(), node,
            fmt::format("measure: '{0}' is not a known measure; {1} For one of your own write "
                        "{{name: {0}, unit: …, goal: …}}",
                        node.Scalar(), suggest(node.Scalar(), names)));
  }
  const Section section(study.origin(), "measure", node,
                        {"name", "unit", "label", "goal", "pattern"});
  Measure measure;
  measure.name = section.required_text("name", "give the measure a name");
  if (!is_identifier(measure.name))
    section.fail("name", "cannot be the name of a measure; use letters, digits, '_', '-' and '.'");
  if (known_measure(measure.name))
    section.fail("name",
                 fmt::format("'{}' is a known measure; write its name alone", measure.name));
  measure.unit = section.text("unit", "1");
  measure.label = section.text("label", measure.name);
  measure.goal = read_goal(section);
  measure.pattern = read_pattern(section);
  return measure;
}

std::vector<Measure> read_measures(const Section& study) {
  std::vector<Measure> measures;
  const auto add = [&](const YAML::Node& node) {
    Measure measure = read_measure(study, node);
    for (const auto& other : measures)
      if (other.name == measure.name)
        fail_at(study.origin(), node,
                fmt::format("measure: '{}' is given twice; keep one", measure.name));
    measures.push_back(std::move(measure));
  };
  if (!study.has("measure")) return {*known_measure("wall")};
  const YAML::Node& node = study.at("measure");
  if (node.IsSequence())
    for (const auto& item : node) add(item);
  else
    add(node);
  if (measures.empty()) study.fail("measure", "is empty; name what to measure, such as wall");
  return measures;
}

Constraint read_constraint(const Section& decide, const std::string& text) {
  static const std::regex form(R"(\s*([A-Za-z][A-Za-z0-9_.-]*)\s*(>=|<=|>|<)\s*(\S+)\s*)");
  constexpr std::size_t kLongestConstraint = 200;
  std::smatch parts;
  if (text.size() > kLongestConstraint || !std::regex_match(text, parts, form))
    decide.fail("subject_to",
                fmt::format("'{}' is not a constraint; write it like 'accuracy >= 0.88'",
                            text.substr(0, kLongestConstraint)));
  const std::string bound = parts[3];
  auto value = parse_share(bound);
  if (!value)
    if (const auto time = parse_seconds(bound)) value = time->value;
  if (!value)
    decide.fail("subject_to",
                fmt::format("'{}' is not a number; write it like 0.88, 88% or 5ms", bound));
  const std::string sign = parts[2];
  const Relation relation = sign == ">="   ? Relation::at_least
                            : sign == "<=" ? Relation::at_most
                            : sign == ">"  ? Relation::above
                                           : Relation::below;
  return {parts[1], relation, *value, fmt::format("{} {} {}", parts[1].str(), sign, bound)};
}

void read_decision(const Section& file, Study& study) {
  if (!file.has("decide")) return;
  const Section decide = file.section("decide", {"minimise", "maximise", "subject_to"});
  for (const auto& entry : decide.entries()) {
    for (const std::string& item : decide.texts(entry.key)) {
      if (entry.key == "subject_to") {
        study.constraints.push_back(read_constraint(decide, item));
        continue;
      }
      if (std::find(study.objectives.begin(), study.objectives.end(), item) !=
          study.objectives.end())
        decide.fail(entry.key, fmt::format("'{}' is an objective twice; keep one", item));
      study.objectives.push_back(item);
      for (Measure& measure : study.measures)
        if (measure.name == item)
          measure.goal = entry.key == "minimise" ? Goal::minimise : Goal::maximise;
    }
  }
}

double read_share(const Section& section, std::string_view key, double fallback) {
  if (!section.has(key)) return fallback;
  const std::string text = section.text(key, "");
  const auto value = parse_share(text);
  if (!value || *value <= 0 || *value >= 1)
    section.fail(key, fmt::format("'{}' is not a share; write it like 1% or 0.01", text));
  return *value;
}

Seconds read_seconds(const Section& section, std::string_view key, Seconds fallback) {
  if (!section.has(key)) return fallback;
  const std::string text = section.text(key, "");
  const auto value = parse_seconds(text);
  if (!value || *value <= Seconds(0) || *value > Seconds(1e7))
    section.fail(key,
                 fmt::format("'{}' is not a duration; write it like 60s, 500ms or 2min", text));
  return *value;
}

int read_count(const Section& section, std::string_view key, int fallback, int least) {
  if (!section.has(key)) return fallback;
  const std::string text = section.text(key, "");
  const auto value = parse_range(text);
  if (!value || value->first != value->second || value->first < least || value->first > 1'000'000)
    section.fail(key, fmt::format("'{}' is not a whole number from {} on", text, least));
  return value->first;
}

Method read_method(const Section& file) {
  Method method;
  if (!file.has("method")) return method;
  const Section section =
      file.section("method", {"blocks", "half_width", "margin", "confidence", "budget", "timeout",
                              "stage_timeout", "seed", "executions", "warmup"});
  if (section.has("blocks")) {
    const std::string text = section.text("blocks", "");
    const auto range = parse_range(text);
    if (!range || range->first < 1 || range->second < range->first || range->second > 10000)
      section.fail("blocks", fmt::format("'{}' is not a range; write it like 10..40", text));
    if (range->first < 2)
      section.fail("blocks", "at least 2 are needed: one block shows no spread");
    method.least_blocks = range->first;
    method.most_blocks = range->second;
  }
  method.half_width = read_share(section, "half_width", method.half_width);
  method.margin = read_share(section, "margin", method.margin);
  method.confidence = read_share(section, "confidence", method.confidence);
  method.budget = read_seconds(section, "budget", method.budget);
  method.timeout = read_seconds(section, "timeout", method.timeout);
  method.stage_timeout = read_seconds(section, "stage_timeout", method.stage_timeout);
  method.seed = static_cast<std::uint64_t>(read_count(section, "seed", 1, 0));
  method.executions = read_count(section, "executions", 1, 1);
  method.warmup = read_count(section, "warmup", 0, 0);
  return method;
}

Study read(const YAML::Node& root, const std::string& origin) {
  const Section file(origin, "", root,
                     {"study", "question", "workload", "command", "env", "prepare", "stages",
                      "knobs", "measure", "decide", "method"});
  Study study;
  study.name = file.required_text("study", "give the study a name");
  study.question = file.text("question", "");
  study.knobs = read_knobs(file);
  study.stages = read_stages(file);
  study.environment = read_environment(file);
  study.prepare = file.text("prepare", "");
  if (file.has("workload") == file.has("command"))
    fail_at(origin, file.has("workload") ? file.at("workload") : root,
            file.has("workload") ? "workload: excludes 'command'; keep one of the two"
                                 : "command: is missing; write the command line to measure");
  study.command = file.text("command", "");
  if (file.has("workload")) read_workload(file, study);
  study.measures = read_measures(file);
  read_decision(file, study);
  study.method = read_method(file);
  check_consistency(study, file);
  return study;
}

}  // namespace

Study parse_study(std::string_view text, std::string_view origin) {
  const std::string name(origin);
  return read(yaml::load(text, name), name);
}

Study read_study(const std::filesystem::path& file) {
  return parse_study(read_file(file, yaml::largest_file), file.string());
}

}  // namespace gnomon::study
