#pragma once

// Dependence between neighbours in a series, and an interval that allows for it.

#include <cstdint>
#include <span>
#include <vector>

#include "stats/interval.h"

namespace gnomon::stats {

// Correlation of each value with the next, in [−1, 1]; 0 for a constant series or fewer than 3
// values. For independent values its standard deviation is about 1/√n.
double lag_one_autocorrelation(std::span<const double> series);

// Blocks of a randomised study should be independent of each other. Where their log ratios visibly
// are not (lag-1 above 0.2, judged from 20 values on; fewer cannot show it), the signed-rank
// interval may be too narrow. Negative autocorrelation only makes it too wide.
bool is_autocorrelated(std::span<const double> series);

// Hodges–Lehmann centres of `resamples` resamples of a stationary series by the circular block
// bootstrap (Politis and Romano, "A circular block-resampling procedure for stationary data",
// 1992). Blocks are as long as Politis and White (Econometric Reviews, 2004) derive for a
// first-order autoregression with the series' own lag-1. The series must be finite. Deterministic
// in `seed`.
std::vector<double> block_bootstrap(std::span<const double> series, std::uint64_t seed,
                                    int resamples);

// The percentile interval of those centres. Not for short series: with 10 values a percentile
// interval of nominal 95 % covers 91 %.
Interval block_bootstrap_interval(std::span<const double> series, double level, std::uint64_t seed,
                                  int resamples = 1000);

// The block length used above, between 1 and a third of the series.
int bootstrap_block_length(std::span<const double> series);

}  // namespace gnomon::stats
