#include "train/schedule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gnomon::train {
namespace {

TEST(Schedule, Constant) { EXPECT_EQ(factor(Schedule::constant, 99, 100), 1); }

TEST(Schedule, StepFallsTwice) {
  EXPECT_EQ(factor(Schedule::step, 49, 100), 1);
  EXPECT_EQ(factor(Schedule::step, 50, 100), 0.1);
  EXPECT_EQ(factor(Schedule::step, 75, 100), 0.01);
}

TEST(Schedule, CosineGoesFromOneTowardsZero) {
  EXPECT_EQ(factor(Schedule::cosine, 0, 100), 1);
  EXPECT_NEAR(factor(Schedule::cosine, 50, 100), 0.5, 1e-15);
  EXPECT_LT(factor(Schedule::cosine, 99, 100), 0.001);
  for (int i = 1; i < 100; ++i)
    EXPECT_LT(factor(Schedule::cosine, i, 100), factor(Schedule::cosine, i - 1, 100));
}

TEST(Schedule, UnknownNameIsAnsweredWithTheNearest) {
  try {
    schedule_named("cosin");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "schedule cosin: unknown; did you mean 'cosine'?");
  }
}

}  // namespace
}  // namespace gnomon::train
