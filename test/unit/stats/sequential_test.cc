#include "stats/sequential.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "simulation.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

// Pocock's boundaries (Biometrika, 1977) for 2 and 5 evenly spaced looks at an overall 5 %: nominal
// levels 0.0294 and 0.0158.
TEST(BoundaryCrossing, MatchesPocock) {
  for (const auto& [looks, level] : {std::pair{2, 0.0294}, {5, 0.0158}}) {
    BoundaryCrossing crossing;
    for (int look = 1; look <= looks; ++look) crossing.look(10 * look, level);
    EXPECT_NEAR(crossing.spent(), 0.05, 3e-4) << looks;
  }
}

// Five looks at the 5 % level: 14.2 % (Armitage, McPherson and Rowe, 1969, table 2).
TEST(BoundaryCrossing, MatchesArmitageMcPhersonAndRowe) {
  BoundaryCrossing crossing;
  for (int look = 1; look <= 5; ++look) crossing.look(look, 0.05);
  EXPECT_NEAR(crossing.spent(), 0.142, 5e-4);
}

TEST(BoundaryCrossing, FindsTheLevelThatSpends) {
  BoundaryCrossing crossing;
  crossing.look(10, 0.02);
  const double level = crossing.level_for(20, 0.03);
  crossing.look(20, level);
  EXPECT_NEAR(crossing.spent(), 0.05, 1e-9);
}

TEST(Schedule, LooksGrowByHalf) {
  EXPECT_EQ(look_blocks(10, 40), (std::vector<int>{10, 15, 22, 33, 40}));
  EXPECT_EQ(look_blocks(10, 30), (std::vector<int>{10, 15, 22, 30}));
  EXPECT_EQ(look_blocks(10, 34), (std::vector<int>{10, 15, 22, 34}));
  EXPECT_EQ(look_blocks(10, 10), (std::vector<int>{10}));
}

TEST(Schedule, SpendsInProportionAndAllThatRemainsAtTheLast) {
  const Design design;
  const Schedule schedule(design, 40);
  BoundaryCrossing crossing;
  for (const Look& look : schedule.looks()) {
    EXPECT_GT(look.early_level, 0) << look.blocks;
    EXPECT_LE(look.early_level, look.final_level) << look.blocks;
    crossing.look(look.blocks, look.early_level);
    const double due = look.blocks == 40 ? 0.05 : 0.025 * look.blocks / 40;
    EXPECT_LE(crossing.spent(), due + 1e-9) << look.blocks;
    // What ranks cannot attain is carried on, so no more than one step of them is ever unspent.
    EXPECT_GT(crossing.spent(), due - 0.003) << look.blocks;
  }
  EXPECT_NEAR(schedule.looks().front().final_level, 0.05, 1e-6);
}

TEST(Schedule, BetweenLooksOnlyTheFinalLevelsExist) {
  const Schedule schedule(Design{}, 40);
  EXPECT_EQ(schedule.next_look(10), 15);
  EXPECT_EQ(schedule.next_look(40), std::nullopt);
  const Look early = schedule.at(6);
  EXPECT_NEAR(early.final_level, 0.05, 1e-9);
  const Look between = schedule.at(18);
  EXPECT_EQ(between.early_level, 0);
  EXPECT_LT(between.final_level, schedule.at(15).final_level);
}

TEST(Schedule, PValueIsAlphaWhereTheFinalIntervalTouchesZero) {
  const Schedule schedule(Design{}, 40);
  for (const int blocks : {10, 15, 18, 33, 40}) {
    EXPECT_NEAR(schedule.p_value(blocks, schedule.at(blocks).final_level), 0.05, 2e-4) << blocks;
    EXPECT_NEAR(schedule.p_value(blocks, 1), 1, 1e-6);
  }
}

TEST(Plan, NoisierPilotsAskForMoreBlocks) {
  Design design;
  design.max_blocks = 200;
  std::vector<int> maxima;
  for (const double deviation : {0.005, 0.02, 0.03, 0.3}) {
    Dice dice(3, 0);
    std::vector<double> pilot;
    for (int i = 0; i < 10; ++i) pilot.push_back(0.5 + deviation * dice.normal());
    maxima.push_back(plan(pilot, design, 1000).maximum());
  }
  EXPECT_EQ(maxima.front(), 10);
  EXPECT_LT(maxima[1], maxima[2]);
  EXPECT_EQ(maxima.back(), 200);
}

// A normal interval of half-width 1 % at deviation 3 % needs (1.96 · 3)² = 35 blocks, with the
// reserve 43.
TEST(Plan, AsksForAboutTheRightNumber) {
  Design design;
  design.max_blocks = 200;
  Dice dice(4, 0);
  std::vector<double> pilot;
  for (int i = 0; i < 200; ++i) pilot.push_back(0.03 * dice.normal());
  EXPECT_NEAR(plan(pilot, design, 1000).maximum(), 43, 10);
  EXPECT_EQ(plan(pilot, design, 20).maximum(), 20);
}

}  // namespace
}  // namespace gnomon::stats
