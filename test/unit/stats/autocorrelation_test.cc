#include "stats/autocorrelation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "simulation.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

std::vector<double> autoregression(int n, double lag_one, Dice& dice) {
  std::vector<double> series = {dice.normal()};
  while (static_cast<int>(series.size()) < n) {
    series.push_back(lag_one * series.back() + std::sqrt(1 - lag_one * lag_one) * dice.normal());
  }
  return series;
}

// About the mean 2.5: Σ d_i d_{i+1} = 0.75 − 0.25 + 0.75 = 1.25, Σ d² = 5.
TEST(LagOne, IsExactOnSmallSeries) {
  EXPECT_DOUBLE_EQ(lag_one_autocorrelation(std::vector<double>{1, 2, 3, 4}), 0.25);
  EXPECT_DOUBLE_EQ(lag_one_autocorrelation(std::vector<double>{1, -1, 1, -1}), -0.75);
  EXPECT_EQ(lag_one_autocorrelation(std::vector<double>(9, 5.0)), 0);
}

TEST(LagOne, FindsThatOfAnAutoregression) {
  Dice dice(1, 0);
  const auto series = autoregression(5000, 0.9, dice);
  EXPECT_NEAR(lag_one_autocorrelation(series), 0.9, 0.02);
  EXPECT_TRUE(is_autocorrelated(series));
  EXPECT_FALSE(is_autocorrelated(std::span(series).first(19)));
  EXPECT_FALSE(is_autocorrelated(autoregression(5000, -0.9, dice)));
}

// Politis and White's (3/2 · (2r/(1 − r²))² · n)^⅓ at r = ½, n = 1000: 13.9.
TEST(BlockBootstrap, BlockLengthFollowsTheFormula) {
  Dice dice(2, 0);
  auto series = autoregression(1000, 0.5, dice);
  const double r = lag_one_autocorrelation(series);
  EXPECT_NEAR(r, 0.5, 0.1);
  EXPECT_NEAR(bootstrap_block_length(series), std::cbrt(1500.0) * std::cbrt(16.0 / 9), 3);
  EXPECT_EQ(bootstrap_block_length(std::vector<double>{1, 2, 3}), 1);
}

TEST(BlockBootstrap, IsDeterministicAndSurroundsItsEstimate) {
  Dice dice(3, 0);
  const auto series = autoregression(40, 0.5, dice);
  const auto interval = block_bootstrap_interval(series, 0.05, 9);
  EXPECT_EQ(interval, block_bootstrap_interval(series, 0.05, 9));
  EXPECT_NE(interval, block_bootstrap_interval(series, 0.05, 10));
  EXPECT_EQ(interval.estimate, hodges_lehmann(series));
  EXPECT_TRUE(interval.contains(interval.estimate));
}

// With blocks of one value and constant data but one, centres follow from how often it was drawn.
TEST(BlockBootstrap, CentresAreThoseOfTheSamplesDrawn) {
  for (const double centre : block_bootstrap(std::vector<double>{0, 1}, 4, 50)) {
    EXPECT_TRUE(centre == 0 || centre == 0.5 || centre == 1) << centre;
  }
}

TEST(BlockBootstrap, CoversAnAutocorrelatedSeriesBetterThanRanksDo) {
  Rate ranks;
  Rate bootstrap;
  for (std::uint64_t study = 0; study < 200; ++study) {
    Dice dice(5, study);
    const auto series = autoregression(60, 0.6, dice);
    ranks.count(signed_rank_interval(series, 0.05).contains(0));
    bootstrap.count(block_bootstrap_interval(series, 0.05, study, 300).contains(0));
  }
  EXPECT_LT(ranks.value(), 0.80);
  EXPECT_GT(bootstrap.value(), ranks.value() + 0.05);
}

}  // namespace
}  // namespace gnomon::stats
