#include "stats/verdict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace gnomon::stats {
namespace {

// `count` values spread evenly and symmetrically about `centre`, shuffled so that neighbours do not
// resemble each other.
std::vector<double> spread(int count, double centre, double reach) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    const int place = i * 7 % count;
    values.push_back(centre + reach * (2.0 * place / (count - 1) - 1));
  }
  return values;
}

TEST(Verdict, FollowsTheIntervalAndTheDirection) {
  Design lower;
  Design higher;
  higher.direction = Direction::higher_is_better;
  const Interval falls{-0.05, -0.08, -0.02, 0.95};
  EXPECT_EQ(verdict(falls, lower), Verdict::better);
  EXPECT_EQ(verdict(falls, higher), Verdict::worse);
  const Interval rises{0.05, 0.02, 0.08, 0.95};
  EXPECT_EQ(verdict(rises, lower), Verdict::worse);
  EXPECT_EQ(verdict(rises, higher), Verdict::better);
  EXPECT_EQ(verdict({0, -0.005, 0.005, 0.95}, lower), Verdict::equivalent);
  EXPECT_EQ(verdict({0.004, 0.001, 0.008, 0.95}, lower), Verdict::equivalent);
  EXPECT_EQ(verdict({0, -0.05, 0.05, 0.95}, lower), Verdict::undecided);
}

TEST(Compare, StopsForEachOfItsReasons) {
  const Design design;
  const Schedule schedule(design, 30);
  const auto stop = [&](const std::vector<double>& log_ratios) {
    return compare(log_ratios, design, schedule).stop;
  };
  EXPECT_EQ(stop(spread(10, 0, 0.003)), StopReason::equivalent);
  EXPECT_EQ(stop(spread(10, 0.3, 0.1)), StopReason::decided);
  EXPECT_EQ(stop(spread(10, 0.006, 0.014)), StopReason::half_width);
  EXPECT_EQ(stop(spread(10, 0, 0.2)), std::nullopt);
  EXPECT_EQ(stop(spread(30, 0, 0.2)), StopReason::exhausted);
}

TEST(Compare, MayGoOnUntilTheEffectIsKnown) {
  Design design;
  design.stop_when_decided = false;
  const Schedule schedule(design, 30);
  const auto comparison = compare(spread(10, 0.3, 0.1), design, schedule);
  EXPECT_EQ(comparison.stop, std::nullopt);
  EXPECT_EQ(comparison.verdict, Verdict::worse);
}

TEST(Compare, BetweenLooksOnlyTheCallerStops) {
  const Design design;
  const Schedule schedule(design, 30);
  const auto comparison = compare(spread(12, 0.3, 0.001), design, schedule);
  EXPECT_EQ(comparison.stop, std::nullopt);
  EXPECT_EQ(comparison.verdict, Verdict::worse);
  EXPECT_LT(comparison.p_value, 0.05);
}

TEST(Compare, TooFewBlocksDecideNothing) {
  const Design design;
  const auto comparison = compare(spread(4, 0.3, 0.001), design, Schedule(design, 30));
  EXPECT_EQ(comparison.verdict, Verdict::undecided);
  EXPECT_TRUE(std::isinf(comparison.interval.high));
  EXPECT_NEAR(comparison.interval.estimate, 0.3, 1e-3);
}

TEST(Compare, WidensForAutocorrelation) {
  const Design design;
  const Schedule schedule(design, 30);
  std::vector<double> waves;
  for (int i = 0; i < 30; ++i) waves.push_back(0.05 * std::sin(i / 4.0) + 0.001 * (i % 3));
  const auto comparison = compare(waves, design, schedule);
  EXPECT_TRUE(comparison.bootstrapped);
  EXPECT_GT(comparison.lag_one, 0.8);
  auto shuffled = waves;
  for (std::size_t i = 0; i < waves.size(); ++i) shuffled[i] = waves[i * 11 % 30];
  const auto independent = compare(shuffled, design, schedule);
  EXPECT_FALSE(independent.bootstrapped);
  EXPECT_GT(comparison.interval.half_width(), independent.interval.half_width());
}

TEST(Compare, ASubjectThatAlwaysTimesOutIsWorse) {
  const Design design;
  const std::vector<double> log_ratios(10, std::numeric_limits<double>::infinity());
  const auto comparison = compare(log_ratios, design, Schedule(design, 30));
  EXPECT_EQ(comparison.verdict, Verdict::worse);
  EXPECT_EQ(comparison.stop, StopReason::decided);
  const std::vector<double> unknown(10, std::nan(""));
  EXPECT_EQ(compare(unknown, design, Schedule(design, 30)).verdict, Verdict::undecided);
}

}  // namespace
}  // namespace gnomon::stats
