#include "cost/price.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace gnomon::cost {
namespace {

machine::Mapping price() {
  machine::Mapping mapping;
  mapping.machine = "aws-m7i-large";
  mapping.machines = 2;
  mapping.per_hour = Dollars(0.2016);
  mapping.unit = {"on-demand", Dollars(0.1008), std::nullopt, "", "2026", "a table"};
  mapping.assumption = "two for one";
  return mapping;
}

TEST(Price, AnHourCostsAnHour) {
  EXPECT_DOUBLE_EQ(cost_of(Seconds(3600), price()).amount.value, 0.2016);
  EXPECT_DOUBLE_EQ(cost_of(Seconds(0), price()).amount.value, 0);
}

TEST(Price, AMillionAtThroughput) {
  // 10,000 a second: 100 s, 1/36 of an hour.
  const Cost cost = cost_per_million(ItemRate(10000), price());
  EXPECT_DOUBLE_EQ(cost.amount.value, 0.2016 / 36);
}

TEST(Price, ProvenanceTravelsAlong) {
  const Cost cost = cost_per_million(ItemRate(1), price());
  EXPECT_EQ(cost.machine, "aws-m7i-large");
  EXPECT_EQ(cost.per_hour, Dollars(0.2016));
  EXPECT_EQ(cost.assumption, "two for one");
  EXPECT_EQ(cost.date, "2026");
  EXPECT_EQ(cost.source, "a table");
}

TEST(Price, NoThroughputHasNoPrice) {
  for (const double rate : {0.0, -1.0, static_cast<double>(NAN), HUGE_VAL})
    EXPECT_THROW(cost_per_million(ItemRate(rate), price()), InputError) << rate;
}

}  // namespace
}  // namespace gnomon::cost
