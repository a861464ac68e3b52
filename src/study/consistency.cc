#include "study/consistency.h"

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::study {
namespace {

using yaml::fail_at;
using yaml::Section;

constexpr std::size_t kMostConfigurations = 1000;

using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Every template of the study with the holes it may have.
class Holes {
 public:
  Holes(const Study& study, const Section& file) : file_(file) {
    for (const Knob& knob : study.knobs) known_.push_back(knob.name);
    known_.emplace_back("seed");
  }

  void check(std::string_view key, std::string_view text, const Names& additional = {}) {
    Names allowed = known_;
    allowed.insert(allowed.end(), additional.begin(), additional.end());
    for (const std::string& hole : holes(text)) {
      used_.insert(hole);
      if (!contains(allowed, hole))
        file_.fail(key, fmt::format("the hole {{{}}} is no knob and no stage; {}", hole,
                                    suggest(hole, allowed)));
    }
  }
  void check_command(std::string_view key, const std::string& line, const Names& additional = {}) {
    check(key, line, additional);
    Bindings values;
    for (const std::string& hole : holes(line)) values.emplace(hole, std::string(1, 'x'));
    try {
      command_words(line, values);
    } catch (const std::exception& error) {
      file_.fail(key, error.what());
    }
  }
  // Later templates may use the stage's artefact.
  void add_stage(const std::string& name) { known_.push_back("stage." + name); }
  bool used(const std::string& hole) const { return used_.contains(hole); }

 private:
  const Section& file_;
  Names known_;
  std::set<std::string> used_;
};

void check_holes(const Study& study, const Section& file) {
  Holes holes_of_study(study, file);
  const std::string_view stages = file.has("stages") ? "stages" : "workload";
  for (const Stage& stage : study.stages) {
    holes_of_study.check_command(stages, stage.command, {"artefact", "predictions"});
    for (const auto& [variable, value] : stage.environment) holes_of_study.check(stages, value);
    const Names own = holes(stage.command);
    if (contains(own, "artefact") == contains(own, "predictions"))
      file.fail(stages, fmt::format("{}: must write to one of {{artefact}} and {{predictions}}; "
                                    "put it into the command",
                                    stage.name));
    holes_of_study.add_stage(stage.name);
  }
  holes_of_study.check_command(file.has("command") ? "command" : "workload", study.command);
  if (!study.prepare.empty()) holes_of_study.check_command("prepare", study.prepare);
  for (const auto& [variable, value] : study.environment) holes_of_study.check("env", value);
  for (const Knob& knob : study.knobs)
    if (!holes_of_study.used(knob.name))
      file.fail("knobs",
                fmt::format("'{0}' is used nowhere; put {{{0}}} into the command", knob.name));
}

void check_measured(const Study& study, const Section& file, const std::string& name) {
  Names measured;
  for (const Measure& measure : study.measures) measured.push_back(measure.name);
  if (!contains(measured, name))
    file.fail("decide", fmt::format("'{}' is not measured; add it to measure ({})", name,
                                    suggest(name, measured)));
}

void check_objectives(const Study& study, const Section& file) {
  if (study.objectives.empty())
    fail_at(file.origin(), file.has("decide") ? file.at("decide") : file.at("study"),
            fmt::format("decide: names no objective; add 'decide: {{minimise: {}}}'",
                        study.measures.front().name));
  for (const std::string& objective : study.objectives) check_measured(study, file, objective);
}

void check_constraints(const Study& study, const Section& file) {
  const auto is_lower = [](const Constraint& c) {
    return c.relation == Relation::at_least || c.relation == Relation::above;
  };
  const auto is_strict = [](const Constraint& c) {
    return c.relation == Relation::above || c.relation == Relation::below;
  };
  for (const Constraint& low : study.constraints) {
    check_measured(study, file, low.measure);
    for (const Constraint& high : study.constraints) {
      if (low.measure != high.measure || !is_lower(low) || is_lower(high)) continue;
      if (low.bound > high.bound ||
          (low.bound == high.bound && (is_strict(low) || is_strict(high))))
        file.fail("decide", fmt::format("'{}' and '{}' contradict each other; drop one", low.text,
                                        high.text));
    }
  }
}

void check_count(const Study& study, const Section& file) {
  std::size_t count = 1;
  for (const Knob& knob : study.knobs)
    count = std::min(count * knob.values.size(), kMostConfigurations + 1);
  if (count > kMostConfigurations)
    file.fail("knobs", fmt::format("make more than {} configurations; use fewer values",
                                   kMostConfigurations));
}

void add_source_of_price(Study& study) {
  const auto is = [](std::string_view name) {
    return [name](const Measure& measure) { return measure.name == name; };
  };
  auto& measures = study.measures;
  if (std::any_of(measures.begin(), measures.end(), is("cost.per_million")) &&
      std::none_of(measures.begin(), measures.end(), is("throughput")))
    measures.push_back(*known_measure("throughput"));
}

}  // namespace

void check_consistency(Study& study, const Section& file) {
  check_count(study, file);
  check_holes(study, file);
  check_objectives(study, file);
  check_constraints(study, file);
  add_source_of_price(study);
}

}  // namespace gnomon::study
