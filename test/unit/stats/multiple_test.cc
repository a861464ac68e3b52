#include "stats/multiple.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

// The fifteen p values of Benjamini and Hochberg (1995, §4.1): at q = 0.05 their procedure rejects
// the four smallest.
TEST(BenjaminiHochberg, RejectsWhatThePaperRejects) {
  const std::vector<double> p_values = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201,
                                        0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                                        0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const auto adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < adjusted.size(); ++i) EXPECT_EQ(adjusted[i] <= 0.05, i < 4) << i;
  EXPECT_DOUBLE_EQ(adjusted[0], 0.0015);
  EXPECT_DOUBLE_EQ(adjusted[3], 0.0095 * 15 / 4);
}

// p.adjust(c(.04, .01, .03), "BH") of R.
TEST(BenjaminiHochberg, KeepsTheOrderGivenAndIsMonotone) {
  const auto adjusted = benjamini_hochberg(std::vector<double>{0.04, 0.01, 0.03});
  EXPECT_DOUBLE_EQ(adjusted[0], 0.04);
  EXPECT_DOUBLE_EQ(adjusted[1], 0.03);
  EXPECT_DOUBLE_EQ(adjusted[2], 0.04);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(ChosenInterval, IsTheOrdinaryOneAtADividedLevel) {
  const std::vector<double> sample = {0.9, -0.1, 1.0,  0.4, 0.6, 0.5,
                                      0.3, -0.2, 0.05, 0.7, 0.8, 0.2};
  EXPECT_EQ(chosen_interval(sample, 0.05, 1), signed_rank_interval(sample, 0.05));
  EXPECT_EQ(chosen_interval(sample, 0.05, 10), signed_rank_interval(sample, 0.005));
  EXPECT_GT(chosen_interval(sample, 0.05, 10).half_width(),
            chosen_interval(sample, 0.05, 1).half_width());
}

TEST(ChosenInterval, TenBlocksServeTwentyFiveCandidates) {
  const std::vector<double> sample = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_TRUE(std::isfinite(chosen_interval(sample, 0.05, 25).low));
  EXPECT_TRUE(std::isinf(chosen_interval(sample, 0.05, 26).low));
}

}  // namespace
}  // namespace gnomon::stats
