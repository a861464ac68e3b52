#include "study/runner.h"

#include <gtest/gtest.h>

#include <cmath>

namespace gnomon::study {
namespace {

Task shell(const std::string& script, std::vector<Measure> measures) {
  Task task;
  task.command.argv = {"sh", "-c", script};
  task.measures = std::move(measures);
  return task;
}

const Measure kScore{"score", "", "score", Goal::maximise, Source::blocks, ""};

TEST(Runner, ReadsTheLastJsonObject) {
  const Printed printed = last_object(
      "{\"score\": 1}\nnoise\n{\"score\": 2.5, \"data\": \"abc\", \"ok\": true}\n{bad\n");
  EXPECT_EQ(printed.numbers, (std::map<std::string, double>{{"score", 2.5}}));
  EXPECT_EQ(printed.texts, (std::map<std::string, std::string>{{"data", "abc"}}));
  EXPECT_TRUE(last_object("no object").numbers.empty());
}

TEST(Runner, CapturesTheLastMatch) {
  EXPECT_EQ(captured("1.5 GFLOP/s\n2.5 GFLOP/s\n", "([0-9.]+) GFLOP/s"), 2.5);
  EXPECT_TRUE(std::isnan(captured("nothing", "([0-9.]+)")));
  EXPECT_TRUE(std::isnan(captured("v=.", "v=([0-9.]+)")));
}

TEST(Runner, TakesMeasuresFromJsonAndKernel) {
  const Observed o = observe(shell(
      "echo '{\"score\": 4}'", {kScore, *known_measure("wall"), *known_measure("memory.peak")}));
  EXPECT_EQ(o.replicate.outcome, "ok");
  EXPECT_EQ(o.replicate.values.at("score"), 4);
  EXPECT_GT(o.replicate.values.at("wall"), 0);
  EXPECT_GT(o.replicate.values.at("memory.peak"), 0);
}

TEST(Runner, AFailureKeepsItsReason) {
  const Observed o = observe(shell("echo cannot open model >&2; exit 3", {kScore}));
  EXPECT_EQ(o.replicate.outcome, "failed");
  EXPECT_EQ(o.complaint, "exit code 3: cannot open model");
}

TEST(Runner, AHangIsATimeout) {
  Task task = shell("sleep 60", {*known_measure("wall")});
  task.command.timeout = Seconds(0.2);
  const Observed o = observe(task);
  EXPECT_EQ(o.replicate.outcome, "timeout");
  EXPECT_EQ(o.complaint, "did not finish within 200 ms");
  EXPECT_TRUE(o.replicate.values.empty());
}

TEST(Runner, NoNumberIsAFailure) {
  EXPECT_EQ(observe(shell("echo hello", {kScore})).complaint,
            "printed no number for 'score'; its last line must be a JSON object such as "
            "{\"score\": 1.5}, or give the measure a pattern");
  Measure pattern = kScore;
  pattern.pattern = "score=([0-9]+)";
  EXPECT_EQ(observe(shell("echo hello", {pattern})).complaint,
            "printed nothing that matches 'score=([0-9]+)' (score)");
}

TEST(Runner, PrepareRunsBeforeEveryExecution) {
  const std::string file = testing::TempDir() + "gnomon_prepared";
  Task task = shell("wc -c < " + file + " | sed 's/^ */score=/'", {kScore});
  task.measures[0].pattern = "score=([0-9]+)";
  task.prepare.argv = {"sh", "-c", "printf x >> " + file};
  task.executions = 3;
  std::remove(file.c_str());
  EXPECT_EQ(observe(task).replicate.values.at("score"), 2) << "the median of 1, 2 and 3";
  std::remove(file.c_str());
}

}  // namespace
}  // namespace gnomon::study
