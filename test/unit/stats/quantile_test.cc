#include "stats/quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace gnomon::stats {
namespace {

std::vector<double> counting(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

// quantile(1:10, c(.25, .5, .99)) of R.
TEST(Quantile, IsTypeSeven) {
  const auto values = counting(10);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 3.25);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 5.5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.99), 9.91);
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 1), 10);
}

TEST(Quantile, OfUnsortedAndSingleValues) {
  EXPECT_EQ(median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_EQ(quantile(std::vector<double>{7}, 0.3), 7);
  EXPECT_THROW(median({}), InternalError);
}

TEST(Quantile, InfiniteValuesAreOrderedLast) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(median(std::vector<double>{infinity, 1, 2}), 2);
  EXPECT_EQ(median(std::vector<double>{infinity, infinity, 1, infinity}), infinity);
}

// The classical table of distribution-free intervals of the median: n = 10 gives the 2nd and 9th
// value (97.85 %), n = 20 the 6th and 15th (95.86 %).
TEST(QuantileInterval, OfTheMedianMatchesTheTable) {
  const auto ten = quantile_interval(counting(10), 0.5, 0.95);
  EXPECT_EQ(ten.low, 2);
  EXPECT_EQ(ten.high, 9);
  EXPECT_NEAR(ten.confidence, 1 - 2 * 11.0 / 1024, 1e-12);
  const auto twenty = quantile_interval(counting(20), 0.5, 0.95);
  EXPECT_EQ(twenty.low, 6);
  EXPECT_EQ(twenty.high, 15);
  EXPECT_NEAR(twenty.confidence, 0.9586, 5e-5);
}

// 0.99^n must fall to 2.5 %.
TEST(QuantileInterval, NeedsManyDrawsToBoundTheNinetyNinth) {
  EXPECT_TRUE(std::isinf(quantile_interval(counting(367), 0.99, 0.95).high));
  EXPECT_EQ(quantile_interval(counting(368), 0.99, 0.95).high, 368);
}

}  // namespace
}  // namespace gnomon::stats
