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
  return series.size() >= 20 && std::abs(lag_one_autocorrelation(series)) > 0.2;
}

int bootstrap_block_length(std::span<const double> series) {
  const double r = std::clamp(lag_one_autocorrelation(series), -0.97, 0.97);
  const double memory = 2 * std::abs(r) / (1 - r * r);
  const double n = static_cast<double>(series.size());
  const double length = std::cbrt(1.5 * memory * memory * n);
  return std::clamp(static_cast<int>(std::ceil(length)), 1, std::max(1, static_cast<int>(n / 3)));
}

Interval block_bootstrap_interval(std::span<const double> series, double level, std::uint64_t seed,
                                  int resamples) {
  GNOMON_CHECK(!series.empty() && resamples > 0, "{} values, {} resamples", series.size(),
               resamples);
  GNOMON_CHECK(level > 0 && level < 1, "an interval at level {}", level);
  const Random random(seed, "block bootstrap");
  const auto length = static_cast<std::size_t>(bootstrap_block_length(series));
  std::vector<double> centres;
  std::vector<double> resample(series.size());
  std::uint64_t draw = 0;
  for (int i = 0; i < resamples; ++i) {
    for (std::size_t filled = 0; filled < resample.size();) {
      const auto start = static_cast<std::size_t>(random.below(series.size(), draw++));
      for (std::size_t k = 0; k < length && filled < resample.size(); ++k) {
        resample[filled++] = series[(start + k) % series.size()];
      }
    }
    centres.push_back(hodges_lehmann(resample));
  }
  return {hodges_lehmann(series), quantile(centres, level / 2), quantile(centres, 1 - level / 2),
          1 - level};
}

}  // namespace gnomon::stats
