#include "train/loss_watch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace gnomon::train {
namespace {

// A loss that falls from 2.3 with noise, and between two steps does something else.
std::vector<std::int64_t> warnings(std::int64_t from, std::int64_t to, double excess) {
  LossWatch watch;
  const Random noise(1, "loss");
  std::vector<std::int64_t> steps;
  for (std::int64_t step = 1; step <= 5000; ++step) {
    double loss = 0.3 + 2 * std::exp(-static_cast<double>(step) / 500) +
                  0.1 * noise.normal(static_cast<std::uint64_t>(step));
    if (step >= from && step < to) loss += excess;
    if (!watch.add(step, loss).empty()) steps.push_back(step);
  }
  return steps;
}

TEST(LossWatch, IsSilentWhileALossFallsAndFluctuates) { EXPECT_TRUE(warnings(0, 0, 0).empty()); }

TEST(LossWatch, PassesOverSingleBadBatches) { EXPECT_TRUE(warnings(2000, 2010, 100).empty()); }

TEST(LossWatch, SaysOnceThatALossRose) {
  const auto steps = warnings(2000, 3000, 2);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_GE(steps[0], 2000);
  EXPECT_LE(steps[0], 2100);
}

}  // namespace
}  // namespace gnomon::train
