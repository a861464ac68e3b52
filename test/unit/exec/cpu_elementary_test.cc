#include "exec/cpu/elementary.h"

#include <gtest/gtest.h>

#include <limits>

namespace gnomon::exec::cpu {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The largest error over floats spread evenly between the ends, in units in the last place of the
// true value.
template <typename F, typename G>
double worst(F&& function, G&& truth, float from, float to) {
  double most = 0;
  constexpr int points = 2'000'000;
  for (int i = 0; i <= points; ++i) {
    const float x = from + (to - from) * static_cast<float>(i) / points;
    const double exact = truth(static_cast<double>(x));
    const auto rounded = static_cast<float>(std::fabs(exact));
    const double unit =
        static_cast<double>(std::nextafter(rounded, infinity)) - static_cast<double>(rounded);
    most = std::max(most, std::fabs(static_cast<double>(function(x)) - exact) / unit);
  }
  return most;
}

TEST(Elementary, ExponentialIsWithinTwoUnits) {
  const auto truth = [](double x) { return std::exp(x); };
  EXPECT_LT(worst(exponential, truth, -1, 1), 2);
  EXPECT_LT(worst(exponential, truth, -87, 88.7F), 2);
  EXPECT_LT(worst(exponential, truth, -103, -87), 2) << "denormal results";
}

TEST(Elementary, HyperbolicTangentIsWithinThreeUnits) {
  const auto truth = [](double x) { return std::tanh(x); };
  EXPECT_LT(worst(hyperbolic_tangent, truth, -1, 1), 3);
  EXPECT_LT(worst(hyperbolic_tangent, truth, -10, 10), 3);
  EXPECT_LT(worst(hyperbolic_tangent, truth, -1e-4F, 1e-4F), 3);
}

TEST(Elementary, EndsAreTheLibrarys) {
  for (const float x : {0.0F, -0.0F, 1000.0F, -1000.0F, infinity, -infinity, 88.73F, -104.0F}) {
    EXPECT_EQ(exponential(x), std::exp(x)) << x;
    EXPECT_EQ(hyperbolic_tangent(x), std::tanh(x)) << x;
  }
  EXPECT_TRUE(std::isnan(exponential(std::nanf(""))));
  EXPECT_TRUE(std::isnan(hyperbolic_tangent(std::nanf(""))));
}

}  // namespace
}  // namespace gnomon::exec::cpu
