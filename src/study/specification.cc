#include "study/specification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"

namespace gnomon::study {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || c == '.' || c == '-' || c == '+' || c == 'e';
  });
}

// "bf16", "batch 128", "2 threads": a number needs its knob's name, a word does not.
std::string label_part(const Knob& knob, const std::string& value) {
  if (!is_number(value)) return value;
  if (knob.name == "threads" || knob.name == "workers")
    return value + " " + (value == "1" ? knob.name.substr(0, knob.name.size() - 1) : knob.name);
  return knob.name + " " + value;
}

nlohmann::json canonical(const Study& study) {
  nlohmann::json knobs = nlohmann::json::array(), stages = nlohmann::json::array(),
                 measures = nlohmann::json::array(), constraints = nlohmann::json::array();
  for (const auto& k : study.knobs) knobs.push_back({k.name, k.values});
  for (const auto& s : study.stages) stages.push_back({s.name, s.command, s.environment});
  for (const auto& m : study.measures)
    measures.push_back(
        {m.name, m.unit, std::string(name(m.goal)), std::string(name(m.source)), m.pattern});
  for (const auto& c : study.constraints) constraints.push_back(c.text);
  const Method& m = study.method;
  return {{"name", study.name},
          {"knobs", knobs},
          {"stages", stages},
          {"command", study.command},
          {"environment", study.environment},
          {"prepare", study.prepare},
          {"measures", measures},
          {"objectives", study.objectives},
          {"constraints", constraints},
          {"method",
           {m.least_blocks, m.most_blocks, m.half_width, m.margin, m.confidence, m.budget.value,
            m.timeout.value, m.stage_timeout.value, m.seed, m.stop_when_decided, m.executions,
            m.warmup}}};
}

}  // namespace

bool Constraint::satisfied_by(double value) const {
  switch (relation) {
    case Relation::at_least:
      return value >= bound;
    case Relation::at_most:
      return value <= bound;
    case Relation::above:
      return value > bound;
    case Relation::below:
      return value < bound;
  }
  return false;
}

const Measure& Study::measure(std::string_view wanted) const {
  const auto found = std::find_if(measures.begin(), measures.end(),
                                  [&](const Measure& m) { return m.name == wanted; });
  GNOMON_CHECK(found != measures.end(), "{} is not measured", wanted);
  return *found;
}

std::vector<Configuration> configurations(const Study& study) {
  std::vector<Configuration> result(1);
  for (const Knob& knob : study.knobs) {
    std::vector<Configuration> longer;
    for (const Configuration& shorter : result) {
      for (const std::string& value : knob.values) {
        Configuration next = shorter;
        next.values.push_back(value);
        next.label += (next.label.empty() ? "" : ", ") + label_part(knob, value);
        longer.push_back(std::move(next));
      }
    }
    result = std::move(longer);
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].id = static_cast<int>(i);
    if (result[i].label.empty()) result[i].label = study.name;
  }
  return result;
}

Bindings bindings(const Study& study, const Configuration& configuration) {
  Bindings result = {{"seed", std::to_string(study.method.seed)}};
  for (std::size_t i = 0; i < study.knobs.size(); ++i)
    result[study.knobs[i].name] = configuration.values[i];
  return result;
}

std::string content_hash(const Study& study) {
  return hash128(canonical(study).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace gnomon::study
