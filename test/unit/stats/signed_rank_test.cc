#include "stats/signed_rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "simulation.h"

namespace gnomon::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Hollander and Wolfe's nine patients (Nonparametric Statistical Methods, table 3.1), first minus
// second visit.
const std::vector<double> kPatients = {0.952, -0.147, 1.022,  0.430, 0.620,
                                       0.590, 0.490,  -0.080, 0.010};

// Every assignment of signs to the magnitudes, by brute force.
double p_value_by_enumeration(std::vector<double> sample) {
  const auto n = sample.size();
  std::sort(sample.begin(), sample.end(),
            [](double a, double b) { return std::abs(a) < std::abs(b); });
  std::vector<double> ranks(n);
  for (std::size_t i = 0; i < n; ++i) {
    int below = 0;
    int equal = 0;
    for (const double other : sample) {
      below += std::abs(other) < std::abs(sample[i]) ? 1 : 0;
      equal += std::abs(other) == std::abs(sample[i]) ? 1 : 0;
    }
    ranks[i] = sample[i] == 0 ? 0 : below + (equal + 1) / 2.0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += sample[i] > 0 ? ranks[i] : -ranks[i];
  int extreme = 0;
  for (unsigned signs = 0; signs < 1u << n; ++signs) {
    double other = 0;
    for (std::size_t i = 0; i < n; ++i) other += (signs >> i & 1) != 0 ? ranks[i] : -ranks[i];
    extreme += std::abs(other) >= std::abs(sum) ? 1 : 0;
  }
  return static_cast<double>(extreme) / (1u << n);
}

TEST(SignedRank, DistributionOfThreeRanks) {
  const std::vector<double> expected = {1, 2, 3, 5, 6, 7, 8};
  const auto cumulative = signed_rank_distribution(3);
  ASSERT_EQ(cumulative.size(), expected.size());
  for (std::size_t w = 0; w < expected.size(); ++w) {
    EXPECT_DOUBLE_EQ(cumulative[w], expected[w] / 8);
  }
}

// Critical values of the published table: two-sided 5 % at n = 6, 10, 20, 30, 50.
TEST(SignedRank, RegionsMatchTheTable) {
  for (const auto& [n, rank] : {std::pair{6, 0}, {10, 8}, {20, 52}, {30, 137}, {50, 434}}) {
    const auto region = signed_rank_region(n, 0.05);
    EXPECT_EQ(region.rank, rank) << n;
    EXPECT_LE(region.level, 0.05);
  }
  EXPECT_EQ(signed_rank_region(5, 0.05).rank, -1);
  EXPECT_DOUBLE_EQ(signed_rank_region(10, 0.002).level, 2.0 / 1024);
}

TEST(SignedRank, LargeSamplesContinueWhereExactOnesEnd) {
  const double n = kLargestExactSignedRank + 1;
  const auto exact = signed_rank_region(kLargestExactSignedRank, 0.05);
  const auto normal = signed_rank_region(kLargestExactSignedRank + 1, 0.05);
  const double mean_step = n / 2;
  EXPECT_NEAR(normal.rank - exact.rank, mean_step * (1 - 1.96 * std::sqrt(3 / n) / 2), 3);
  EXPECT_NEAR(normal.level, 0.05, 1e-3);
}

// wilcox.test(x, y, paired = TRUE, conf.int = TRUE) of R: p = 0.03906, pseudomedian 0.46,
// interval 0.01 to 0.786 at 96.1 %.
TEST(SignedRank, MatchesHollanderAndWolfe) {
  EXPECT_NEAR(signed_rank_p_value(kPatients), 0.03906, 5e-6);
  EXPECT_NEAR(hodges_lehmann(kPatients), 0.46, 1e-12);
  const auto interval = signed_rank_interval(kPatients, 0.05);
  EXPECT_NEAR(interval.low, 0.01, 1e-12);
  EXPECT_NEAR(interval.high, 0.786, 1e-12);
  EXPECT_NEAR(interval.confidence, 0.961, 5e-4);
}

TEST(SignedRank, TiesAndZerosAreExact) {
  for (const auto& sample : std::vector<std::vector<double>>{
           {1, 1, -1, 2, 2, 3, -4}, {0, 0, 1, 2, 3, 4, 5}, {0, 1, 1, 1, -1, 2}, {0, 0, 0}}) {
    EXPECT_NEAR(signed_rank_p_value(sample), p_value_by_enumeration(sample), 1e-12);
  }
}

TEST(SignedRank, IntervalIsWhatTheTestDoesNotReject) {
  Dice dice(1, 1);
  std::vector<double> sample;
  for (int i = 0; i < 14; ++i) sample.push_back(dice.normal());
  const auto interval = signed_rank_interval(sample, 0.05);
  for (const auto& [centre, inside] : {std::pair{interval.low - 1e-9, false},
                                       {interval.low + 1e-9, true},
                                       {interval.high - 1e-9, true},
                                       {interval.high + 1e-9, false}}) {
    auto moved = sample;
    for (double& value : moved) value -= centre;
    EXPECT_EQ(signed_rank_p_value(moved) > 0.05, inside);
  }
}

TEST(SignedRank, MovesWithShiftAndMirrorsWithSign) {
  const auto interval = signed_rank_interval(kPatients, 0.05);
  std::vector<double> mirrored;
  for (const double value : kPatients) mirrored.push_back(1 - value);
  const auto other = signed_rank_interval(mirrored, 0.05);
  EXPECT_NEAR(other.low, 1 - interval.high, 1e-12);
  EXPECT_NEAR(other.high, 1 - interval.low, 1e-12);
  EXPECT_NEAR(other.estimate, 1 - interval.estimate, 1e-12);
}

TEST(SignedRank, TimedOutBlocksRankLast) {
  auto sample = kPatients;
  sample.push_back(kInfinity);
  const auto finite = signed_rank_interval(sample, 0.05);
  EXPECT_GE(finite.low, 0.01);
  EXPECT_TRUE(std::isfinite(finite.estimate));
  const std::vector<double> always(10, kInfinity);
  EXPECT_EQ(hodges_lehmann(always), kInfinity);
  EXPECT_NEAR(signed_rank_p_value(always), 2.0 / 1024, 1e-12);
}

TEST(SignedRank, UnknownBlocksCountAgainstEveryClaim) {
  auto sample = kPatients;
  sample.push_back(std::nan(""));
  auto favourable = kPatients;
  favourable.push_back(kInfinity);
  auto adverse = kPatients;
  adverse.push_back(-kInfinity);
  EXPECT_EQ(signed_rank_p_value(sample), signed_rank_p_value(adverse));
  const auto interval = signed_rank_interval(sample, 0.05);
  EXPECT_EQ(interval.low, signed_rank_interval(adverse, 0.05).low);
  EXPECT_EQ(interval.high, signed_rank_interval(favourable, 0.05).high);
}

}  // namespace
}  // namespace gnomon::stats
