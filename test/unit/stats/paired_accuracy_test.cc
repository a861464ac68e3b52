#include "stats/paired_accuracy.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace gnomon::stats {
namespace {

// Newcombe (Statistics in Medicine, 1998, pages 857–872), table I, method 3.
TEST(Accuracy, WilsonMatchesNewcombe) {
  struct Row {
    int right, total;
    double low, high;
  };
  for (const auto& row : {Row{81, 263, 0.2553, 0.3662}, Row{15, 148, 0.0624, 0.1605},
                          Row{0, 20, 0, 0.1611}, Row{1, 29, 0.0061, 0.1718}}) {
    const auto interval = accuracy_interval(row.right, row.total, 0.95);
    EXPECT_NEAR(interval.low, row.low, 5e-5);
    EXPECT_NEAR(interval.high, row.high, 5e-5);
  }
  EXPECT_NEAR(accuracy_interval(20, 20, 0.95).high, 1, 1e-12);
  EXPECT_THROW(accuracy_interval(2, 1, 0.95), InternalError);
}

// The airway study in Fagerland, Lydersen and Laake (2014): 1, 1, 7, 12 of 21; p = 0.0703 and
// Bonett and Price's interval −0.508 to −0.013.
TEST(Accuracy, PairsMatchFagerland) {
  const auto comparison = compare_accuracy({1, 1, 7, 12}, 0.95);
  EXPECT_NEAR(comparison.p_value, 2 * (1.0 + 8) / 256, 1e-12);
  EXPECT_NEAR(comparison.difference.estimate, -6.0 / 21, 1e-12);
  EXPECT_NEAR(comparison.difference.low, -0.508, 5e-4);
  EXPECT_NEAR(comparison.difference.high, -0.013, 5e-4);
}

TEST(Accuracy, SwappingTheArtefactsMirrors) {
  const auto one = compare_accuracy({900, 30, 12, 58}, 0.95);
  const auto other = compare_accuracy({900, 12, 30, 58}, 0.95);
  EXPECT_DOUBLE_EQ(one.p_value, other.p_value);
  EXPECT_NEAR(one.difference.low, -other.difference.high, 1e-12);
  EXPECT_LT(one.p_value, 0.01);
  EXPECT_GT(one.difference.low, 0);
}

TEST(Accuracy, EqualOutcomesAreNoEvidence) {
  const auto comparison = compare_accuracy({90, 0, 0, 10}, 0.95);
  EXPECT_EQ(comparison.p_value, 1);
  EXPECT_TRUE(comparison.difference.contains(0));
  EXPECT_THROW(compare_accuracy({}, 0.95), InternalError);
}

TEST(Accuracy, CountsPairs) {
  const std::vector<std::uint8_t> subject = {1, 1, 0, 0, 1};
  const std::vector<std::uint8_t> baseline = {1, 0, 1, 0, 0};
  EXPECT_EQ(count_outcomes(subject, baseline), (PairedOutcomes{1, 2, 1, 1}));
}

}  // namespace
}  // namespace gnomon::stats
