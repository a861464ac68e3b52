#include "base/units.h"

#include <gtest/gtest.h>

namespace gnomon {
namespace {

TEST(Units, BytesUsePowersOf1024) {
  EXPECT_EQ(to_string(Bytes(0)), "0 B");
  EXPECT_EQ(to_string(Bytes(1023)), "1023 B");
  EXPECT_EQ(to_string(Bytes(1536)), "1.5 KiB");
  EXPECT_EQ(to_string(Bytes(1010.0 * 1024)), "1010 KiB");
  EXPECT_EQ(to_string(Bytes(3.0 * (1 << 30))), "3 GiB");
}

TEST(Units, FlopsUsePowersOf1000) {
  EXPECT_EQ(to_string(Flops(999)), "999 FLOP");
  EXPECT_EQ(to_string(Flops(340e9)), "340 GFLOP");
  EXPECT_EQ(to_string(Flops(999.9e9)), "1 TFLOP");
  EXPECT_EQ(to_string(Flops(12e18)), "12000 PFLOP");
}

TEST(Units, SecondsUseTheUnitPeopleWouldChoose) {
  EXPECT_EQ(to_string(Seconds(0)), "0 s");
  EXPECT_EQ(to_string(Seconds(34e-9)), "34 ns");
  EXPECT_EQ(to_string(Seconds(12.34e-6)), "12.3 µs");
  EXPECT_EQ(to_string(Seconds(0.0123)), "12.3 ms");
  EXPECT_EQ(to_string(Seconds(59.94)), "59.9 s");
  EXPECT_EQ(to_string(Seconds(125)), "2 min 05 s");
  EXPECT_EQ(to_string(Seconds(3600 * 26 + 60)), "26 h 01 min");
}

TEST(Units, ValuesThatRoundUpMoveToTheNextUnitInsteadOfAnExponent) {
  EXPECT_EQ(to_string(Seconds(0.99996)), "1 s");
  EXPECT_EQ(to_string(Seconds(0.99996e-3)), "1 ms");
  EXPECT_EQ(to_string(Seconds(99.96)), "1 min 40 s");
}

TEST(Units, DollarsKeepFourDigitsBelowOne) {
  EXPECT_EQ(to_string(Dollars(0)), "$0.00");
  EXPECT_EQ(to_string(Dollars(55.04)), "$55.04");
  EXPECT_EQ(to_string(Dollars(0.1008)), "$0.1008");
  EXPECT_EQ(to_string(Dollars(0.5)), "$0.50");
  EXPECT_EQ(to_string(Dollars(0.00001234)), "$0.00001234");
}

TEST(Units, ArithmeticKeepsTheUnitAndQuotientsLoseIt) {
  const Seconds sum = Seconds(1) + 2 * Seconds(3) - Seconds(2) / 4;
  EXPECT_DOUBLE_EQ(sum.value, 6.5);
  EXPECT_DOUBLE_EQ(Seconds(9) / Seconds(3), 3);
  EXPECT_LT(Bytes(1), Bytes(2));
}

}  // namespace
}  // namespace gnomon
