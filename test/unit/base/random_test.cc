#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace gnomon {
namespace {

using Block = std::array<std::uint32_t, 4>;

// The known answers that Random123 publishes for philox4x32-10.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint64_t ones = ~std::uint64_t{0};
  EXPECT_EQ(philox(ones, ones, ones), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, IsAFunctionOfSeedStreamAndIndex) {
  const Random a(1, "shuffle");
  EXPECT_EQ(a.bits(5), Random(1, "shuffle").bits(5));
  EXPECT_NE(a.bits(5), a.bits(6));
  EXPECT_NE(a.bits(5), Random(2, "shuffle").bits(5));
  EXPECT_NE(a.bits(5), Random(1, "dropout").bits(5));
}

// Bounds are ten standard errors of the sample moments: a right generator passes for any seed.
TEST(Random, MomentsOfUniformAndNormal) {
  constexpr int n = 100000;
  const Random random(7, "moments");
  double uniform = 0, normal = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(i), z = random.normal(i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    uniform += u / n;
    normal += z / n;
    squares += z * z / n;
  }
  EXPECT_NEAR(uniform, 0.5, 10 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(normal, 0, 10 * std::sqrt(1.0 / n));
  EXPECT_NEAR(squares, 1, 10 * std::sqrt(2.0 / n));
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  std::array<int, 7> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(Random(3, "below").below(7, i));
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 80);
}

TEST(Random, PermutationHoldsEachIndexOnce) {
  const Random random(11, "order");
  for (const std::int64_t n : {0, 1, 2, 1000}) {
    auto order = random.permutation(n);
    if (n == 1000) {
      EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    }
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> all(n);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(order, all);
  }
}

// All 24 orders of four appear about equally often: chi-square with 23 degrees of freedom is below
// 70 but for one seed in a million.
TEST(Random, PermutationsAreUniform) {
  constexpr int n = 24000;
  std::map<std::vector<std::int64_t>, int> counts;
  for (int i = 0; i < n; ++i) ++counts[Random(i, "order").permutation(4)];
  ASSERT_EQ(counts.size(), 24u);
  double chi_square = 0;
  for (const auto& [order, count] : counts)
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  EXPECT_LT(chi_square, 70);
}

}  // namespace
}  // namespace gnomon
