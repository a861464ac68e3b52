#pragma once

// A study as a value: a question over knobs, the command that is measured, and the rule that turns
// measurements into a decision. doc/study.md describes the YAML form.
//
// A study knows nothing of models or machines: whatever it measures is a command line run in a
// fresh process. What a command prints as its last line that is a JSON object are its measures.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "study/command_template.h"
#include "study/measure.h"

namespace gnomon::study {

struct Knob {
  std::string name;
  std::vector<std::string> values;  // as written; at least one, all different

  bool operator==(const Knob&) const = default;
};

// Work whose result is kept: train, quantise, compile. It is run once for each combination of the
// knobs its command uses, and writes a file or folder at `{artefact}`.
//
// A stage that writes to `{predictions}` instead assesses an artefact: it leaves one byte per item,
// 1 for a right answer and 0 for a wrong one, and prints its measures. These are properties of the
// artefact, compared by a paired test over the items.
struct Stage {
  std::string name;
  std::string command;
  std::map<std::string, std::string> environment;

  bool operator==(const Stage&) const = default;
};

enum class Relation { at_least, at_most, above, below };

struct Constraint {
  std::string measure;
  Relation relation = Relation::at_least;
  double bound = 0;  // in the measure's base unit
  std::string text;  // "accuracy >= 0.88"

  bool satisfied_by(double value) const;
  bool operator==(const Constraint&) const = default;
};

// How long and how exactly to measure. The defaults are those of the measurements behind this
// program (doc/statistics.md).
struct Method {
  int least_blocks = 10;
  int most_blocks = 40;
  double half_width = 0.01;  // stop when an interval of a ratio is this narrow
  double margin = 0.01;      // ratios within 1 ± this are the same for all we care
  double confidence = 0.95;
  Seconds budget = Seconds(60);   // of measuring; stages are not counted
  Seconds timeout = Seconds(60);  // of each run of the command
  Seconds stage_timeout = Seconds(3600);
  std::uint64_t seed = 1;
  bool stop_when_decided = true;  // false: go on until half_width is reached
  int executions = 1;  // fresh processes per replicate, for commands of a few milliseconds
  int warmup = 0;      // runs of each configuration before the first block, thrown away

  bool operator==(const Method&) const = default;
};

struct Study {
  std::string name;
  std::string question;
  std::vector<Knob> knobs;  // none: one configuration
  std::vector<Stage> stages;
  std::string command;
  std::map<std::string, std::string> environment;
  std::string prepare;  // run before every execution, not measured; "" for none
  std::vector<Measure> measures;
  std::vector<std::string> objectives;  // names of measures; the first decides
  std::vector<Constraint> constraints;
  Method method;

  bool operator==(const Study&) const = default;

  const Measure& measure(std::string_view wanted) const;  // which must be one of `measures`
};

// One value for every knob.
struct Configuration {
  int id = 0;
  std::vector<std::string> values;  // in the order of Study::knobs
  std::string label;                // "bf16, batch 128, 2 threads"

  bool operator==(const Configuration&) const = default;
};

// All combinations, the last knob varying fastest.
std::vector<Configuration> configurations(const Study& study);

// The values for the holes of every command of one configuration, stages excepted.
Bindings bindings(const Study& study, const Configuration& configuration);

// Identity: two studies with the same hash may continue each other's blocks.
std::string content_hash(const Study& study);

// Reads the YAML form. `origin` names the text in messages. Throws InputError as
// "ORIGIN:LINE: KEY: what is wrong; the remedy".
Study parse_study(std::string_view text, std::string_view origin);
Study read_study(const std::filesystem::path& file);

}  // namespace gnomon::study
