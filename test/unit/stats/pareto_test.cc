#include "stats/pareto.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "simulation.h"
#include "stats/hypervolume.h"

namespace gnomon::stats {
namespace {

const Measure kTime;
const Measure kAccuracy{Direction::higher_is_better, {}, {}, true};

TEST(Hypervolume, OfAStaircase) {
  EXPECT_DOUBLE_EQ(hypervolume({{1, 3}, {2, 2}, {3, 1}}, {4, 4}), 6);
  EXPECT_DOUBLE_EQ(hypervolume({{1, 1}, {2, 2}}, {4, 4}), 9);
  EXPECT_DOUBLE_EQ(hypervolume({{1, 5}}, {4, 4}), 0);
  EXPECT_DOUBLE_EQ(hypervolume({}, {4, 4}), 0);
}

// Inclusion and exclusion of two boxes: 1·2·3 + 2·2·1 − 1·2·1.
TEST(Hypervolume, OfTwoBoxesInThreeDimensions) {
  EXPECT_DOUBLE_EQ(hypervolume({{2, 1, 0}, {1, 1, 2}}, {3, 3, 3}), 8);
}

TEST(Pareto, FindsTheFrontOfConstants) {
  const std::vector<Candidate> candidates = {
      {{{1}, {0.80}}}, {{{2}, {0.90}}}, {{{2}, {0.85}}}, {{{2}, {0.90}}}, {{{3}, {0.70}}}};
  const std::vector<Measure> measures = {kTime, kAccuracy};
  const auto result = pareto_front(candidates, measures, 0.95, 1, 50);
  EXPECT_EQ(result.front, (std::vector<std::size_t>{0, 1, 3}));
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    const bool on_front = c == 0 || c == 1 || c == 3;
    EXPECT_NEAR(result.standings[c].on_front, on_front ? 1 : 0, 1e-9) << c;
  }
  EXPECT_NEAR(result.hypervolume.low, result.hypervolume.high, 1e-12);
}

TEST(Pareto, ConstraintsTakeConfigurationsOut) {
  std::vector<Measure> measures = {kTime, kAccuracy};
  measures[1].at_least = 0.85;
  const std::vector<Candidate> candidates = {{{{1}, {0.80}}}, {{{2}, {0.90}}}, {{{3}, {0.86}}}};
  const auto result = pareto_front(candidates, measures, 0.95, 1, 50);
  EXPECT_EQ(result.front, (std::vector<std::size_t>{1}));
  EXPECT_EQ(result.standings[0].feasible, 0);
  EXPECT_NEAR(result.standings[2].feasible, 1, 1e-9);
}

// Two times that differ by 10 % on a host whose speed changes threefold from block to block: the
// ratio within blocks is what counts.
TEST(Pareto, TheHostsSpeedCancelsWithinBlocks) {
  Candidate fast{{{}}};
  Candidate slow{{{}}};
  for (int block = 0; block < 20; ++block) {
    Dice dice(21, static_cast<std::uint64_t>(block));
    const double speed = dice.below(2) == 0 ? 1 : 3;
    fast.values[0].push_back(speed * (1 + 0.01 * dice.normal()));
    slow.values[0].push_back(1.1 * speed * (1 + 0.01 * dice.normal()));
  }
  const std::vector<Measure> measures = {kTime};
  const auto result = pareto_front(std::vector{fast, slow}, measures, 0.95, 1);
  EXPECT_GT(result.standings[0].on_front, 0.99);
  EXPECT_LT(result.standings[1].on_front, 0.01);
}

TEST(Pareto, EqualNoisyTimesShareTheFront) {
  std::vector<Candidate> candidates(2, Candidate{{{}}});
  Dice dice(22, 0);
  for (int block = 0; block < 20; ++block) {
    for (auto& candidate : candidates) candidate.values[0].push_back(1 + 0.02 * dice.normal());
  }
  const std::vector<Measure> measures = {kTime};
  const auto result = pareto_front(candidates, measures, 0.95, 1);
  const double sum = result.standings[0].on_front + result.standings[1].on_front;
  EXPECT_NEAR(sum, 1, 0.02);
  EXPECT_GT(result.standings[0].on_front, 0.005);
  EXPECT_LT(result.standings[0].on_front, 0.995);
  EXPECT_LE(result.hypervolume.low, result.hypervolume.estimate);
  EXPECT_GE(result.hypervolume.high, result.hypervolume.estimate);
}

TEST(Pareto, TimedOutConfigurationsAreDominated) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<Candidate> candidates = {{{{1, 1.1, 0.9}}}, {{{infinity, infinity, infinity}}}};
  const std::vector<Measure> measures = {kTime};
  const auto result = pareto_front(candidates, measures, 0.95, 1, 50);
  EXPECT_EQ(result.front, (std::vector<std::size_t>{0}));
  EXPECT_TRUE(std::isfinite(result.hypervolume.estimate));
}

TEST(Pareto, RefusesRaggedData) {
  const std::vector<Candidate> candidates = {{{{1, 2}}}, {{{1, 2, 3}}}};
  const std::vector<Measure> measures = {kTime};
  EXPECT_THROW(pareto_front(candidates, measures, 0.95, 1), InternalError);
}

}  // namespace
}  // namespace gnomon::stats
