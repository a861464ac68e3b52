#include <gtest/gtest.h>

#include <string>

#include "study/specification.h"
#include "unit/error_of.h"

namespace gnomon::study {
namespace {

constexpr const char* kGood = R"yaml(study: speed
question: Which level?
command: gzip -{level} -c {file}
env: {LEVEL: "{level}"}
knobs:
  level: [1, 9]
  file: [/bin/a, "/bin/b c"]
measure:
  - wall
  - {name: ratio, pattern: "ratio ([0-9.]+)", goal: maximise}
decide:
  minimise: wall
  subject_to: [ratio >= 50%, wall < 500ms]
method: {blocks: 5..8, half_width: 2%, budget: 2min, timeout: 3s, seed: 7, executions: 2}
)yaml";

std::string message(const std::string& yaml) {
  return test::error_of([&] { parse_study(yaml, "s.yaml"); });
}

// The good study with one piece of its text replaced.
std::string with(const std::string& piece, const std::string& replacement) {
  std::string text = kGood;
  const auto at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  return message(text.replace(at, piece.size(), replacement));
}

TEST(StudyYaml, ReadsEveryKey) {
  const Study study = parse_study(kGood, "s.yaml");
  EXPECT_EQ(study.name, "speed");
  EXPECT_EQ(study.knobs.size(), 2u);
  EXPECT_EQ(study.knobs[1].values[1], "/bin/b c");
  EXPECT_EQ(study.environment.at("LEVEL"), "{level}");
  EXPECT_EQ(study.measure("ratio").goal, Goal::maximise);
  EXPECT_EQ(study.objectives, std::vector<std::string>{"wall"});
  ASSERT_EQ(study.constraints.size(), 2u);
  EXPECT_DOUBLE_EQ(study.constraints[0].bound, 0.5);
  EXPECT_DOUBLE_EQ(study.constraints[1].bound, 0.5);
  EXPECT_EQ(study.method.least_blocks, 5);
  EXPECT_EQ(study.method.most_blocks, 8);
  EXPECT_DOUBLE_EQ(study.method.half_width, 0.02);
  EXPECT_EQ(study.method.budget, Seconds(120));
  EXPECT_EQ(study.method.timeout, Seconds(3));
  EXPECT_EQ(study.method.seed, 7u);
  EXPECT_EQ(study.method.executions, 2);
}

TEST(StudyYaml, CombinesKnobsLastFastest) {
  const auto all = configurations(parse_study(kGood, "s.yaml"));
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].label, "level 1, /bin/b c");
  EXPECT_EQ(all[2].values, (std::vector<std::string>{"9", "/bin/a"}));
}

TEST(StudyYaml, HashChangesWithWhatIsMeasuredOnly) {
  const Study study = parse_study(kGood, "s.yaml");
  Study other = study;
  other.question = "Another?";
  EXPECT_EQ(content_hash(study), content_hash(other));
  other.method.seed = 8;
  EXPECT_NE(content_hash(study), content_hash(other));
}

TEST(StudyYaml, UnknownKeyNamesTheNearest) {
  EXPECT_EQ(with("measure:", "mesure:"), "s.yaml:8: mesure: unknown key; did you mean 'measure'?");
  EXPECT_EQ(with("half_width", "half_with"),
            "s.yaml:14: method.half_with: unknown key; did you mean 'half_width'?");
}

TEST(StudyYaml, WrongTypes) {
  EXPECT_EQ(with("study: speed", "study: [speed]"), "s.yaml:1: study: is a list; write one value");
  EXPECT_EQ(with("blocks: 5..8", "blocks: 8..5"),
            "s.yaml:14: method.blocks: '8..5' is not a range; write it like 10..40");
  EXPECT_EQ(with("budget: 2min", "budget: soon"),
            "s.yaml:14: method.budget: 'soon' is not a duration; write it like 60s, 500ms or 2min");
  EXPECT_EQ(with("budget: 2min", "budget: 0s"),
            "s.yaml:14: method.budget: '0s' is not a duration; write it like 60s, 500ms or 2min");
  EXPECT_EQ(with("seed: 7", "seed: -1"),
            "s.yaml:14: method.seed: '-1' is not a whole number from 0 on");
  EXPECT_EQ(message("- a\n- b\n"), "s.yaml:1: is not a mapping; write 'key: value' lines");
}

TEST(StudyYaml, Knobs) {
  EXPECT_EQ(with("level: [1, 9]", "level: []"),
            "s.yaml:6: knobs.level: has no values; write a list such as [1, 8, 32]");
  EXPECT_EQ(with("level: [1, 9]", "level: [1, 1]"),
            "s.yaml:6: knobs.level: holds '1' twice; keep one");
  EXPECT_EQ(with("level: [1, 9]", "level: [1, 9]\n  size: [2]"),
            "s.yaml:6: knobs: 'size' is used nowhere; put {size} into the command");
  EXPECT_EQ(with("-{level} -c", "-{levl} -c"),
            "s.yaml:3: command: the hole {levl} is no knob and no stage; did you mean 'level'?");
}

TEST(StudyYaml, Decisions) {
  EXPECT_EQ(with("  minimise: wall\n", ""),
            "s.yaml:12: decide: names no objective; add 'decide: {minimise: wall}'");
  EXPECT_EQ(with("ratio >= 50%", "ratio >= 0.9, ratio <= 0.8"),
            "s.yaml:12: decide: 'ratio >= 0.9' and 'ratio <= 0.8' contradict each other; drop one");
  EXPECT_EQ(with("ratio >= 50%", "accuracy >= 0.9").substr(0, 50),
            "s.yaml:12: decide: 'accuracy' is not measured; add");
  EXPECT_EQ(with("ratio >= 50%", "ratio is 5"),
            "s.yaml:13: decide.subject_to: 'ratio is 5' is not a constraint; write it like "
            "'accuracy >= 0.88'");
}

TEST(StudyYaml, Measures) {
  EXPECT_EQ(with("- wall", "- wal").substr(0, 78),
            "s.yaml:9: measure: 'wal' is not a known measure; did you mean 'wall'? For one ");
  EXPECT_EQ(with("ratio ([0-9.]+)", "ratio [0-9.]+"),
            "s.yaml:10: measure.pattern: captures nothing; put the number into parentheses: "
            "([0-9.]+)");
  EXPECT_EQ(with("ratio ([0-9.]+)", "ratio ([0-9.+)"),
            "s.yaml:10: measure.pattern: is not a regular expression (ECMAScript); check its "
            "brackets");
}

TEST(StudyYaml, NotYaml) {
  EXPECT_EQ(message("study: [a\n").substr(0, 20), "s.yaml:2: is not YAM");
  EXPECT_EQ(with("command: gzip", "command: gzip 'x").substr(0, 35),
            "s.yaml:3: command: gzip 'x -{level}");
  EXPECT_EQ(message("study: a\n"),
            "s.yaml:1: command: is missing; write the command line to measure");
}

TEST(StudyYaml, AStageMustWriteSomething) {
  EXPECT_EQ(message("study: a\ncommand: cat {stage.make}\nstages:\n  make: {command: touch}\n"
                    "decide: {minimise: wall}\n"),
            "s.yaml:4: stages: make: must write to one of {artefact} and {predictions}; put it "
            "into the command");
}

TEST(StudyYaml, WorkloadStandsForStagesAndACommand) {
  const Study study = parse_study(
      "study: ship\nworkload: {model: lenet, data: fashion-mnist, train: {epochs: 2}}\n"
      "knobs: {precision: [f32, bf16], batch: [1, 8], train.learning-rate: [0.1, 0.2]}\n"
      "measure: [cost.per_million]\ndecide: {minimise: cost.per_million}\n",
      "s.yaml");
  ASSERT_EQ(study.stages.size(), 2u);
  EXPECT_EQ(study.stages[0].command,
            "gnomon train lenet --data fashion-mnist --precision {precision} --epochs 2 "
            "--learning-rate {train.learning-rate} --seed {seed} --run none --out {artefact}");
  EXPECT_EQ(study.stages[1].command,
            "gnomon evaluate --model-file {stage.train} --data fashion-mnist --precision "
            "{precision} --predictions {predictions} --json");
  EXPECT_EQ(study.command,
            "gnomon evaluate --model-file {stage.train} --data fashion-mnist --precision "
            "{precision} --batch {batch} --throughput --json");
  EXPECT_EQ(study.measures.back().name, "throughput") << "the price is derived from it";
  EXPECT_EQ(message("study: s\nworkload: {model: lenet, data: d}\nknobs: {bath: [1]}\n"
                    "decide: {minimise: wall}\n"),
            "s.yaml:3: knobs: 'bath' is no option of this workload; did you mean 'batch'?");
}

}  // namespace
}  // namespace gnomon::study
