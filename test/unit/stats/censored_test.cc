#include "stats/censored.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace gnomon::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Dropping the run that was stopped at 5 would give 2.5.
TEST(Censored, RunsAreLastInTheMedian) {
  EXPECT_EQ(censored_median(std::vector<Observation>{{2}, {5, true}, {3}, {9}, {1}}), 3);
  EXPECT_EQ(censored_median(std::vector<Observation>{{2}, {5, true}, {5, true}}), kInfinity);
}

TEST(Censored, RatiosKnowWhoDidNotFinish) {
  EXPECT_DOUBLE_EQ(censored_log_ratio({2}, {1}), std::log(2.0));
  EXPECT_EQ(censored_log_ratio({5, true}, {9}), kInfinity);
  EXPECT_EQ(censored_log_ratio({9}, {5, true}), -kInfinity);
  EXPECT_TRUE(std::isnan(censored_log_ratio({5, true}, {5, true})));
  EXPECT_THROW(censored_log_ratio({0}, {1}), InternalError);
}

}  // namespace
}  // namespace gnomon::stats
