#include "stats/autocorrelation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "stats/quantile.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

// Hodges–Lehmann centres of samples drawn from one series: the pairwise means are sorted once, and
// each sample weights them by how often it drew the two values. Equal to hodges_lehmann() of the
// sample, in a tenth of its time.
class DrawnCentre {
 public:
  explicit DrawnCentre(std::span<const double> series) {
    for (std::size_t i = 0; i < series.size(); ++i) {
      for (std::size_t j = 0; j <= i; ++j) pairs_.push_back({series[i] / 2 + series[j] / 2, i, j});
    }
    std::sort(pairs_.begin(), pairs_.end(),
              [](const Pair& a, const Pair& b) { return a.mean < b.mean; });
  }

  // times[i]: how often value i was drawn.
  double operator()(std::span<const std::size_t> times) const {
    const std::size_t drawn = std::accumulate(times.begin(), times.end(), std::size_t{0});
    const std::size_t total = drawn * (drawn + 1) / 2;
    std::size_t passed = 0;
    double lower_middle = 0;
    for (const Pair& pair : pairs_) {
      const bool before = 2 * passed < total;
      passed += pair.i == pair.j ? times[pair.i] * (times[pair.i] + 1) / 2
                                 : times[pair.i] * times[pair.j];
      if (before && 2 * passed >= total) lower_middle = pair.mean;
      if (2 * passed > total) return (lower_middle + pair.mean) / 2;
    }
    return lower_middle;
  }

 private:
  struct Pair {
    double mean;
    std::size_t i;
    std::size_t j;
  };
  std::vector<Pair> pairs_;
};

}  // namespace

double lag_one_autocorrelation(std::span<const double> series) {
  if (series.size() < 3) return 0;
  const double mean =
      std::accumulate(series.begin(), series.end(), 0.0) / static_cast<double>(series.size());
  double variance = 0;
  double covariance = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    variance += (series[i] - mean) * (series[i] - mean);
    if (i > 0) covariance += (series[i] - mean) * (series[i - 1] - mean);
  }
  return variance > 0 ? covariance / variance : 0;
}

bool is_autocorrelated(std::span<const double> series) {
  return series.size() >= 20 && lag_one_autocorrelation(series) > 0.2;
}

int bootstrap_block_length(std::span<const double> series) {
  const double r = std::clamp(lag_one_autocorrelation(series), -0.97, 0.97);
  const double memory = 2 * std::abs(r) / (1 - r * r);
  const double n = static_cast<double>(series.size());
  const double length = std::cbrt(1.5 * memory * memory * n);
  return std::clamp(static_cast<int>(std::ceil(length)), 1, std::max(1, static_cast<int>(n / 3)));
}

std::vector<double> block_bootstrap(std::span<const double> series, std::uint64_t seed,
                                    int resamples) {
  GNOMON_CHECK(!series.empty() && resamples > 0, "{} values, {} resamples", series.size(),
               resamples);
  const Random random(seed, "block bootstrap");
  const auto length = static_cast<std::size_t>(bootstrap_block_length(series));
  const DrawnCentre centre(series);
  std::vector<double> centres;
  std::uint64_t draw = 0;
  for (int i = 0; i < resamples; ++i) {
    std::vector<std::size_t> times(series.size());
    for (std::size_t drawn = 0; drawn < series.size();) {
      const auto start = static_cast<std::size_t>(random.below(series.size(), draw++));
      for (std::size_t k = 0; k < length && drawn < series.size(); ++k, ++drawn) {
        ++times[(start + k) % series.size()];
      }
    }
    centres.push_back(centre(times));
  }
  return centres;
}

Interval block_bootstrap_interval(std::span<const double> series, double level, std::uint64_t seed,
                                  int resamples) {
  GNOMON_CHECK(level > 0 && level < 1, "an interval at level {}", level);
  const auto centres = block_bootstrap(series, seed, resamples);
  return {hodges_lehmann(series), quantile(centres, level / 2), quantile(centres, 1 - level / 2),
          1 - level};
}

}  // namespace gnomon::stats
