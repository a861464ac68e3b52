#include "stats/signed_rank.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace gnomon::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Stands for an infinite log ratio where numbers are averaged: far beyond any that was measured, so
// that a pair of opposite infinities averages to 0 and every other pair stays infinite.
constexpr double kHuge = 1e9;

std::vector<double> with_unknown_as(std::span<const double> sample, double unknown) {
  std::vector<double> values(sample.begin(), sample.end());
  for (double& value : values)
    value = std::clamp(std::isnan(value) ? unknown : value, -kHuge, kHuge);
  return values;
}

double restore_infinity(double value) {
  return std::abs(value) < kHuge / 4 ? value : std::copysign(kInfinity, value);
}

bool has_unknown(std::span<const double> sample) {
  return std::any_of(sample.begin(), sample.end(), [](double value) { return std::isnan(value); });
}

std::vector<double> pairwise_means(std::span<const double> values) {
  std::vector<double> means;
  means.reserve(values.size() * (values.size() + 1) / 2);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) means.push_back(values[i] / 2 + values[j] / 2);
  }
  return means;
}

double select(std::vector<double>& values, std::size_t index) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

double median_of(std::vector<double>& values) {
  const double high = select(values, values.size() / 2);
  if (values.size() % 2 == 1) return high;
  // After the selection the lower half stands before its middle.
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  return (*std::max_element(values.begin(), middle) + high) / 2;
}

// Distribution of a sum in which each of `ranks` takes part with probability ½, by adding one rank
// at a time; entry w is P(sum = w).
std::vector<double> distribution_of_sum(std::span<const int> ranks) {
  const int total = std::accumulate(ranks.begin(), ranks.end(), 0);
  std::vector<double> probability(static_cast<std::size_t>(total) + 1, 0.0);
  probability[0] = 1;
  int reached = 0;
  for (const int rank : ranks) {
    reached += rank;
    for (int w = reached; w >= 0; --w) {
      const double without = probability[static_cast<std::size_t>(w)];
      const double with = w >= rank ? probability[static_cast<std::size_t>(w - rank)] : 0;
      probability[static_cast<std::size_t>(w)] = (without + with) / 2;
    }
  }
  return probability;
}

// Ranks of magnitudes, doubled so that the mean rank of a tie is an integer, signed; zeros dropped.
std::vector<int> signed_double_ranks(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end(),
            [](double a, double b) { return std::abs(a) < std::abs(b); });
  std::vector<int> ranks;
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last < sorted.size() && std::abs(sorted[last]) == std::abs(sorted[first])) ++last;
    const int doubled = static_cast<int>(first + 1 + last);
    for (std::size_t i = first; i < last; ++i) {
      if (sorted[i] != 0) ranks.push_back(sorted[i] > 0 ? doubled : -doubled);
    }
    first = last;
  }
  return ranks;
}

double p_value_of(std::span<const double> values) {
  std::vector<int> ranks = signed_double_ranks(values);
  double positive = 0;
  double total = 0;
  double squares = 0;
  for (int& rank : ranks) {
    if (rank > 0) positive += rank;
    rank = std::abs(rank);
    total += rank;
    squares += static_cast<double>(rank) * rank;
  }
  const double smaller = std::min(positive, total - positive);
  if (static_cast<int>(ranks.size()) > kLargestExactSignedRank) {
    // One step of the doubled sum is 2, so the continuity correction is 1.
    const double z = (smaller + 1 - total / 2) / std::sqrt(squares / 4);
    return std::min(1.0, 2 * cdf(boost::math::normal(), z));
  }
  const auto probability = distribution_of_sum(ranks);
  const auto end = probability.begin() + static_cast<std::ptrdiff_t>(smaller) + 1;
  return std::min(1.0, 2 * std::accumulate(probability.begin(), end, 0.0));
}

SignedRankRegion normal_region(int n, double level) {
  const double mean = n * (n + 1.0) / 4;
  const double deviation = std::sqrt(n * (n + 1.0) * (2.0 * n + 1) / 24);
  const boost::math::normal normal;
  const int rank = static_cast<int>(
      std::floor(mean + deviation * boost::math::quantile(normal, level / 2) - 0.5));
  return {rank, 2 * cdf(normal, (rank + 0.5 - mean) / deviation)};
}

}  // namespace

std::vector<double> signed_rank_distribution(int n) {
  GNOMON_CHECK(n >= 0 && n <= kLargestExactSignedRank, "{} ranks", n);
  std::vector<int> ranks(static_cast<std::size_t>(n));
  std::iota(ranks.begin(), ranks.end(), 1);
  auto probability = distribution_of_sum(ranks);
  std::partial_sum(probability.begin(), probability.end(), probability.begin());
  return probability;
}

SignedRankRegion signed_rank_region(int n, double level) {
  GNOMON_CHECK(level > 0 && level < 1, "a test at level {}", level);
  if (n > kLargestExactSignedRank) return normal_region(n, level);
  const auto cumulative = signed_rank_distribution(n);
  SignedRankRegion region;
  for (std::size_t w = 0; 2 * w + 1 < cumulative.size() && 2 * cumulative[w] <= level; ++w) {
    region = {static_cast<int>(w), 2 * cumulative[w]};
  }
  return region;
}

double signed_rank_p_value(std::span<const double> sample) {
  const double low = p_value_of(with_unknown_as(sample, -kHuge));
  return has_unknown(sample) ? std::max(low, p_value_of(with_unknown_as(sample, kHuge))) : low;
}

double hodges_lehmann(std::span<const double> sample) {
  std::vector<double> known;
  for (const double value : sample) {
    if (!std::isnan(value)) known.push_back(std::clamp(value, -kHuge, kHuge));
  }
  if (known.empty()) return std::numeric_limits<double>::quiet_NaN();
  auto means = pairwise_means(known);
  return restore_infinity(median_of(means));
}

Interval signed_rank_interval(std::span<const double> sample, double level) {
  GNOMON_CHECK(!sample.empty(), "the interval of an empty sample");
  const auto region = signed_rank_region(static_cast<int>(sample.size()), level);
  Interval interval{hodges_lehmann(sample), -kInfinity, kInfinity, 1 - region.level};
  if (region.rank < 0) return interval;
  const auto outside = static_cast<std::size_t>(region.rank);
  auto means = pairwise_means(with_unknown_as(sample, -kHuge));
  interval.low = restore_infinity(select(means, outside));
  if (has_unknown(sample)) means = pairwise_means(with_unknown_as(sample, kHuge));
  interval.high = restore_infinity(select(means, means.size() - 1 - outside));
  return interval;
}

}  // namespace gnomon::stats
