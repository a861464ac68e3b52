#include "stats/steady_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "simulation.h"

namespace gnomon::stats {
namespace {

// Noise of 1 % about one level after the other; each entry is {values, level}.
std::vector<double> staircase(const std::vector<std::pair<int, double>>& steps) {
  Dice dice(11, 0);
  std::vector<double> series;
  for (const auto& [count, level] : steps) {
    for (int i = 0; i < count; ++i) series.push_back(level * (1 + 0.01 * dice.normal()));
  }
  return series;
}

TEST(SteadyState, ConstantSeriesHaveNoWarmUp) {
  const auto state = find_steady_state(staircase({{60, 1.0}}));
  EXPECT_TRUE(state.steady);
  EXPECT_EQ(state.warm_up, 0u);
  EXPECT_TRUE(state.changes.empty());
  EXPECT_TRUE(find_steady_state(std::vector<double>(60, 1.0)).steady);
}

TEST(SteadyState, TheWarmUpEndsAtTheChange) {
  const auto state = find_steady_state(staircase({{12, 1.5}, {8, 1.2}, {60, 1.0}}));
  EXPECT_TRUE(state.steady);
  EXPECT_EQ(state.warm_up, 20u);
  EXPECT_EQ(state.changes, (std::vector<std::size_t>{12, 20}));
}

TEST(SteadyState, ALateChangeIsNoSteadyState) {
  const auto state = find_steady_state(staircase({{60, 1.0}, {20, 1.3}}));
  EXPECT_FALSE(state.steady);
  EXPECT_EQ(state.warm_up, 60u);
}

TEST(SteadyState, AHostOfTwoSpeedsIsNotSteady) {
  EXPECT_FALSE(find_steady_state(staircase({{20, 1}, {20, 3}, {20, 1}, {20, 3}})).steady);
}

TEST(SteadyState, SmallChangesDoNotEndIt) {
  const auto state = find_steady_state(staircase({{40, 1.0}, {40, 1.015}}), 0.02);
  EXPECT_TRUE(state.steady);
  EXPECT_EQ(state.warm_up, 0u);
}

TEST(SteadyState, SingleOutliersAreNotChanges) {
  auto series = staircase({{80, 1.0}});
  series[20] = 40;
  series[55] = 7;
  EXPECT_TRUE(find_steady_state(series).changes.empty());
}

TEST(SteadyState, TooFewValuesAreNeverSteady) {
  EXPECT_FALSE(find_steady_state(std::vector<double>{1, 1, 1}).steady);
  EXPECT_FALSE(find_steady_state({}).steady);
}

TEST(ChangePoints, AreRareInPureNoise) {
  int found = 0;
  for (std::uint64_t study = 0; study < 200; ++study) {
    Dice dice(12, study);
    std::vector<double> series;
    for (int i = 0; i < 100; ++i) series.push_back(1 + 0.01 * dice.normal());
    found += change_points(series).empty() ? 0 : 1;
  }
  EXPECT_LE(found, 10);
}

}  // namespace
}  // namespace gnomon::stats
