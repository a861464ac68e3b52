#include "stats/quantile.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace gnomon::stats {
namespace {

std::vector<double> sorted(std::span<const double> sample) {
  std::vector<double> copy(sample.begin(), sample.end());
  std::sort(copy.begin(), copy.end());
  return copy;
}

double quantile_of_sorted(std::span<const double> sorted, double p) {
  const double position = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double fraction = position - static_cast<double>(below);
  const double low = sorted[below];
  if (fraction == 0) return low;
  const double high = sorted[below + 1];
  // Two equal infinities have no difference to interpolate.
  return low == high ? low : low + fraction * (high - low);
}

}  // namespace

double quantile(std::span<const double> sample, double p) {
  GNOMON_CHECK(!sample.empty(), "the quantile of an empty sample");
  GNOMON_CHECK(p >= 0 && p <= 1, "a quantile of order {}", p);
  return quantile_of_sorted(sorted(sample), p);
}

double median(std::span<const double> sample) { return quantile(sample, 0.5); }

Interval quantile_interval(std::span<const double> sample, double p, double confidence) {
  GNOMON_CHECK(!sample.empty(), "the quantile of an empty sample");
  GNOMON_CHECK(p > 0 && p < 1, "the interval of a quantile of order {}", p);
  GNOMON_CHECK(confidence > 0 && confidence < 1, "confidence {}", confidence);
  const auto values = sorted(sample);
  const auto n = static_cast<int>(values.size());
  const boost::math::binomial below(n, p);
  const double tail = (1 - confidence) / 2;

  // The quantile lies below the i-th smallest draw with probability P(fewer than i draws below).
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Interval interval{quantile_of_sorted(values, p), -infinity, infinity, 1};
  int lower = 0;
  while (lower < n && cdf(below, lower) <= tail) ++lower;
  if (lower > 0) {
    interval.low = values[static_cast<std::size_t>(lower - 1)];
    interval.confidence -= cdf(below, lower - 1);
  }
  int upper = n + 1;
  while (upper > 1 && cdf(complement(below, upper - 2)) <= tail) --upper;
  if (upper <= n) {
    interval.high = values[static_cast<std::size_t>(upper - 1)];
    interval.confidence -= cdf(complement(below, upper - 1));
  }
  return interval;
}

}  // namespace gnomon::stats
