// Studies over commands that print numbers, so that the truth is known and no clock is asserted.

#include "study/engine.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "study/compare.h"
#include "study/export.h"
#include "unit/error_of.h"

namespace gnomon::study {
namespace {

namespace fs = std::filesystem;

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    options.stages = folder / "stages";
    options.provenance = {{"program", "p"}, {"host", "h"}, {"kernel", "k"}};
    options.announce = [this](std::string_view line) { announced.emplace_back(line); };
  }
  ~EngineTest() override { fs::remove_all(folder); }

  std::string in_folder(std::string text) const {
    for (std::size_t i = 0; (i = text.find("FOLDER", i)) != std::string::npos;)
      text.replace(i, 6, folder.string());
    return text;
  }
  Finished run(const std::string& yaml) {
    Records records(folder / "records.sqlite");
    return run_study(parse_study(yaml, "s.yaml"), records, options);
  }
  std::string mistake(const std::string& yaml) {
    return test::error_of([&] { run(yaml); });
  }

  const fs::path folder =
      fs::path(testing::TempDir()) / ("gnomon_engine_" + std::to_string(::getpid()));
  EngineOptions options;
  std::vector<std::string> announced;
};

// A score per configuration by construction: 100, 125, 80.
constexpr const char* kScores = R"yaml(
study: scores
command: sh -c 'echo score={value}'
knobs: {value: [100, 125, 80]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: maximise}]
decide: {maximise: score}
method: {blocks: 10..12, budget: 60s, timeout: 20s}
)yaml";

TEST_F(EngineTest, FindsTheTruthItWasGiven) {
  const Finished finished = run(kScores);
  const Report& report = finished.report;
  EXPECT_EQ(report.answer.chosen, 1);
  EXPECT_EQ(report.answer.sentence,
            "Choose value 125: score 125; it beats the next best, value 100, whose score is 20 % "
            "lower (95 % interval 20–20 %).");
  ASSERT_TRUE(report.configurations[2].against_chosen.has_value());
  EXPECT_EQ(report.configurations[2].against_chosen->verdict, "worse");
  EXPECT_NEAR(report.configurations[2].against_chosen->ratio.estimate, 0.64, 1e-9);
  EXPECT_TRUE(report.aa.passed);
  EXPECT_EQ(report.aa.effect.at("score").estimate, 1);
  EXPECT_DOUBLE_EQ(report.configurations[1].front_probability, 1);
  EXPECT_EQ(report.answer.stopped, "every comparison is settled after 10 blocks");
  EXPECT_EQ(finished.evidence.blocks(), 10);
  EXPECT_EQ(report.replicates.size(), 40u) << "three configurations and the A/A arm in ten blocks";
}

TEST_F(EngineTest, TheBlocksThatThePilotAsksForAreEnough) {
  const Report report = run(R"yaml(
study: planned
command: sh -c 'echo score={value}'
knobs: {value: [100, 125]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: maximise}]
decide: {maximise: score}
method: {blocks: 8..40, budget: 60s, timeout: 20s}
)yaml")
                            .report;
  EXPECT_EQ(report.method.at("most blocks"), "8") << "there is no noise to average";
  EXPECT_EQ(report.configurations[0].blocks, 8);
}

// What a user may print beside what is decided on: a count of zero, never compared by ratio.
TEST_F(EngineTest, AMeasureWithoutAGoalMayBeZero) {
  const Report report = run(R"yaml(
study: zero
command: sh -c 'echo score={value} retries=0'
knobs: {value: [100, 125]}
measure:
  - {name: score, pattern: "score=([0-9.]+)", goal: maximise}
  - {name: retries, pattern: "retries=([0-9.]+)"}
decide: {maximise: score}
method: {blocks: 10, budget: 60s, timeout: 20s}
)yaml")
                            .report;
  EXPECT_EQ(report.configurations[0].measures.at("retries").estimate, 0);
  EXPECT_FALSE(report.aa.effect.contains("retries"));
}

TEST_F(EngineTest, OneBlockShowsNoSpread) {
  EXPECT_NE(mistake("study: s\ncommand: 'true'\ndecide: {minimise: wall}\nmethod: {blocks: 1}\n")
                .find("at least 2 are needed"),
            std::string::npos);
}

// A block that takes most of the budget: two are run all the same.
TEST_F(EngineTest, AShortBudgetStillShowsASpread) {
  const Report report = run(R"yaml(
study: short
command: sh -c 'sleep 0.1; echo score={value}'
knobs: {value: [100, 125]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: maximise}]
decide: {maximise: score}
method: {blocks: 10..40, budget: 500ms, timeout: 20s}
)yaml")
                            .report;
  EXPECT_EQ(report.configurations[0].blocks, 2);
  EXPECT_EQ(report.configurations[0].against_chosen->verdict, "undecided");
}

// Half of the runs of `flaky` fail, not the first; what is left of them is faster than `steady`.
TEST_F(EngineTest, FailedRunsCountAsSlowest) {
  const Report report = run(in_folder(R"yaml(
study: flaky
command: sh -c 'n=$(cat FOLDER/{name} 2>/dev/null || echo 0); echo $((n + 1)) > FOLDER/{name}; [ {name} = steady ] && echo score=10 && exit; [ $n -lt 2 ] || [ $((n % 3)) = 0 ] || exit 1; echo score=9'
knobs: {name: [flaky, steady]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: minimise}]
decide: {minimise: score}
method: {blocks: 10, budget: 60s, timeout: 20s}
)yaml"))
                            .report;
  EXPECT_EQ(report.answer.chosen, 1);
}

TEST_F(EngineTest, OnlyTheClosestRivalsAreToldInWords) {
  const Answer answer = run(R"yaml(
study: many
command: sh -c 'echo score={value}'
knobs: {value: [100, 90, 80, 70, 60, 50]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: maximise}]
decide: {maximise: score}
method: {blocks: 10, budget: 60s, timeout: 20s}
)yaml")
                            .report.answer;
  ASSERT_EQ(answer.reasons.size(), 4u);
  EXPECT_EQ(answer.reasons[0],
            "It beats value 90, whose score is 10 % lower (95 % interval 10–10 %).");
  EXPECT_EQ(answer.reasons[3], "It beats 2 more, by 40 % or more.");
}

TEST_F(EngineTest, EqualConfigurationsAreNotToldApart) {
  const Report report = run(R"yaml(
study: equal
command: sh -c 'echo score=5 {name}'
knobs: {name: [a, b]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: minimise}]
decide: {minimise: score}
method: {blocks: 10..12, budget: 60s, timeout: 20s}
)yaml")
                            .report;
  EXPECT_EQ(report.configurations[1].against_chosen->verdict, "equivalent");
  EXPECT_EQ(report.answer.sentence, "Choose a: score 5; b is as good within 1 %.");
}

TEST_F(EngineTest, ConstraintsDecideWhoMayBeChosen) {
  const std::string base = R"yaml(
study: constrained
command: sh -c 'echo score={value} size={value}'
knobs: {value: [100, 125]}
measure:
  - {name: score, pattern: "score=([0-9.]+)", goal: maximise}
  - {name: size, pattern: "size=([0-9.]+)"}
method: {blocks: 10, budget: 60s, timeout: 20s}
)yaml";
  const Report one = run(base + "decide: {maximise: score, subject_to: size <= 110}\n").report;
  EXPECT_EQ(one.answer.chosen, 0);
  EXPECT_FALSE(one.configurations[1].feasible);
  EXPECT_EQ(one.answer.reasons,
            std::vector<std::string>{"value 125 is out: it violates size <= 110 with 125."});
  const Report none = run(base + "decide: {maximise: score, subject_to: size <= 10}\n").report;
  EXPECT_FALSE(none.answer.chosen.has_value());
  EXPECT_EQ(none.answer.sentence, "No configuration satisfies size <= 10.");
  EXPECT_EQ(none.answer.reasons,
            std::vector<std::string>{"2 of 2 configurations are out: they violate size <= 10; the "
                                     "closest is value 100 with 100."});
}

TEST_F(EngineTest, AFailingAaArmIsSaidLoudly) {
  Evidence evidence;
  evidence.study = parse_study(kScores, "s.yaml");
  evidence.configurations = configurations(evidence.study);
  evidence.assessments.resize(3);
  evidence.most_blocks = 12;
  for (int block = 0; block < 12; ++block)
    for (int arm = 0; arm < 4; ++arm) {
      Replicate r;
      r.block = block;
      r.configuration = arm % 3;
      r.aa = arm == 3;
      r.values["score"] = arm == 3 ? 150 + block : 100 + arm;
      evidence.replicates.push_back(r);
    }
  const Report report = analyse(evidence).report;
  EXPECT_FALSE(report.aa.passed);
  EXPECT_NE(report.answer.sentence.find("WARNING: the A/A check failed"), std::string::npos);
  EXPECT_NE(report.answer.undecided.at(0).find("WARNING"), std::string::npos);
}

TEST_F(EngineTest, CensoredRunsAreKeptAndCountAsSlowest) {
  // From its third run on, configuration b fails.
  const Report report = run(in_folder(R"yaml(
study: censored
command: |-
  sh -c 'echo x >> FOLDER/{name}; test {name} = a || test $(wc -l < FOLDER/b) -lt 3 || exit 9; echo score=5'
knobs: {name: [a, b]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: minimise}]
decide: {minimise: score}
method: {blocks: 10..12, budget: 60s, timeout: 20s}
)yaml"))
                            .report;
  EXPECT_EQ(report.answer.chosen, 0);
  EXPECT_GE(report.configurations[1].censored, 8);
  EXPECT_EQ(report.configurations[1].against_chosen->verdict, "worse");
}

TEST_F(EngineTest, TheFirstBlockMustSucceed) {
  const std::string rest =
      "\nmeasure: [{name: score, pattern: \"score=([0-9.]+)\"}]\ndecide: {minimise: score}\n"
      "method: {timeout: 300ms}\n";
  EXPECT_EQ(mistake("study: s\ncommand: sh -c 'echo bad >&2; exit 4'" + rest),
            "s: exit code 4: bad; try it alone: sh -c 'echo bad >&2; exit 4'");
  EXPECT_EQ(mistake("study: s\ncommand: sleep 60" + rest),
            "s: did not finish within 300 ms; try it alone: sleep 60");
  EXPECT_EQ(mistake("study: s\ncommand: echo hello" + rest),
            "s: printed nothing that matches 'score=([0-9.]+)' (score); try it alone: echo hello");
  EXPECT_EQ(mistake("study: s\ncommand: gnomon-no-such-program" + rest),
            "gnomon-no-such-program: cannot be executed: No such file or directory; check the name "
            "and PATH");
}

TEST_F(EngineTest, ABudgetOfLessThanABlock) {
  const std::string error =
      mistake("study: s\ncommand: sh -c 'true'\ndecide: {minimise: wall}\nmethod: {budget: 1us}\n");
  EXPECT_EQ(error.substr(0, 50), "the budget of 1 µs is less than one block takes (");
}

TEST_F(EngineTest, StagesRunOncePerCombinationOfTheirKnobs) {
  const std::string yaml = in_folder(R"yaml(
study: staged
stages:
  make:
    command: sh -c 'echo x >> FOLDER/made; echo {kind} > {artefact}'
  assess:
    command: |-
      sh -c 'printf "\001\000\001\001" > {predictions}; echo "{\"accuracy\": 0.75}" # {stage.make}'
command: sh -c 'cat {stage.make}; echo score={value}'
knobs: {kind: [p, q], value: [1, 2]}
measure: [{name: score, pattern: "score=([0-9.]+)", goal: minimise}, accuracy]
decide: {minimise: score, subject_to: accuracy >= 0.7}
method: {blocks: 10, budget: 60s, timeout: 20s}
)yaml");
  const Report report = run(yaml).report;
  EXPECT_EQ(read_file(folder / "made", Bytes(100)), "x\nx\n");
  EXPECT_EQ(report.configurations[0].measures.at("accuracy").estimate, 0.75);
  EXPECT_LT(report.configurations[0].measures.at("accuracy").low, 0.5) << "four items say little";
  EXPECT_EQ(report.measures[1].source, "artefact");
  EXPECT_EQ(report.answer.sentence.substr(0, 5), "Ship ");
  run(yaml);
  EXPECT_EQ(read_file(folder / "made", Bytes(100)), "x\nx\n") << "kept for the next run";
}

TEST_F(EngineTest, AFailedStageLeavesNothingBehind) {
  EXPECT_EQ(
      mistake("study: s\nstages: {make: {command: \"sh -c 'echo no >&2; exit 2' {artefact}\"}}\n"
              "command: cat {stage.make}\ndecide: {minimise: wall}\n")
          .substr(0, 27),
      "stage make: exit code 2: no");
  EXPECT_TRUE(fs::is_empty(folder / "stages"));
}

TEST_F(EngineTest, AFinishedStudyStartsANewRun) {
  EXPECT_EQ(run(kScores).run, 1);
  EXPECT_EQ(run(kScores).run, 2);
}

// Whatever the moment, kill -9 loses no finished block and changes none.
TEST_F(EngineTest, SurvivesKillsAtRandomMoments) {
  const fs::path file = folder / "records.sqlite";
  const Random random(20261122, "kills");
  std::vector<Replicate> before;
  std::int64_t run_id = 0;
  int interrupted = 0;
  for (std::uint64_t kill = 0; kill < 20; ++kill) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      options.announce = [](std::string_view) {};
      try {
        run(kScores);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(random.below(60'000, kill)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFSIGNALED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0) << "the study failed by itself";
      break;
    }
    ++interrupted;
    const Records records(file);
    if (records.runs().empty()) continue;
    ASSERT_EQ(records.runs().size(), 1u) << "one run, continued";
    run_id = records.runs().front().id;
    if (records.run(run_id).state == "finished") break;  // killed on its way out
    const auto after = records.replicates(run_id);
    ASSERT_EQ(after.size() % 4, 0u) << "only whole blocks";
    ASSERT_GE(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(after[i].started, before[i].started);
      EXPECT_EQ(after[i].values, before[i].values);
    }
    before = after;
  }
  EXPECT_GT(interrupted, 0);
  const Finished finished = run(kScores);
  EXPECT_EQ(finished.evidence.blocks(), 10);
  EXPECT_EQ(finished.report.answer.chosen, 1);
  for (std::size_t i = 0; i < before.size() && finished.run == run_id; ++i)
    EXPECT_EQ(finished.report.replicates[i].started, before[i].started);
}

TEST(BlockOrder, EveryBlockIsCompleteAndShuffled) {
  std::set<std::vector<int>> orders;
  for (int block = 0; block < 30; ++block) {
    std::vector<int> seen(5, 0), order;
    for (const Place& place : block_order(5, 2, 1, block)) {
      ++seen[static_cast<std::size_t>(place.configuration)];
      order.push_back(place.configuration + (place.aa ? 10 : 0));
    }
    EXPECT_EQ(seen, (std::vector<int>{1, 1, 2, 1, 1}));
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 25u);
  EXPECT_EQ(block_order(5, 2, 1, 3), block_order(5, 2, 1, 3));
}

CompareOptions scores() {
  CompareOptions options;
  options.measure = {"number", "", "its number", Goal::maximise, Source::blocks, "score=([0-9.]+)"};
  options.method.timeout = Seconds(20);
  return options;
}

TEST(Compare, SaysByHowMuch) {
  const auto result = compare_commands("echo score=100", "echo score=118", scores());
  EXPECT_EQ(
      result.sentence,
      "echo score=118 has its number 18 % higher than echo score=100 (95 % interval 18–18 %), "
      "10 blocks");
  EXPECT_EQ(result.comparison.verdict, stats::Verdict::better);
  EXPECT_TRUE(result.finished.report.aa.passed);
}

TEST(Compare, SameIsSame) {
  const auto result = compare_commands("echo score=7", "echo score=7", scores());
  EXPECT_EQ(result.comparison.verdict, stats::Verdict::equivalent);
}

TEST(Compare, MistakesNameTheCommand) {
  try {
    compare_commands("echo score=1", "echo hello", scores());
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "echo hello: printed nothing that matches 'score=([0-9.]+)' (number)");
  }
}

TEST(Compare, SentencesOfTimes) {
  const Measure wall = *known_measure("wall");
  stats::Comparison c;
  c.blocks = 22;
  c.verdict = stats::Verdict::better;
  c.interval = {std::log(1 / 1.18), std::log(1 / 1.21), std::log(1 / 1.15), 0.95};
  EXPECT_EQ(comparison_sentence(wall, "a", "b", c, 0.01),
            "b is 18 % faster than a (95 % interval 15–21 %), 22 blocks");
  c.interval = {std::log(6.19), std::log(5.5), std::log(7), 0.95};
  c.verdict = stats::Verdict::worse;
  EXPECT_EQ(comparison_sentence(wall, "a", "b", c, 0.01),
            "b takes 6.19 times as long as a (95 % interval 5.5–7 times), 22 blocks");
  c.interval = {0, std::log(0.97), std::log(1.04), 0.95};
  c.verdict = stats::Verdict::undecided;
  EXPECT_EQ(comparison_sentence(wall, "a", "b", c, 0.01),
            "cannot tell: b ÷ a is 1 with 0.97 to 1.04 possible (95 % interval), 22 blocks; more "
            "blocks or a larger budget may");
}

}  // namespace
}  // namespace gnomon::study
