#pragma once

// Dependence between neighbours in a series, and an interval that allows for it.

#include <cstdint>
#include <span>

#include "stats/interval.h"

namespace gnomon::stats {

// Correlation of each value with the next, in [−1, 1]; 0 for a constant series or fewer than 3
// values. For independent values its standard deviation is about 1/√n.
double lag_one_autocorrelation(std::span<const double> series);

// Blocks of a randomised study should be independent of each other. Where their log ratios are
// visibly not (|lag-1| > 0.2, seen from 20 values on; fewer cannot show it), the signed-rank
// interval may be too narrow.
bool is_autocorrelated(std::span<const double> series);

// Interval of the Hodges–Lehmann centre of a stationary series by the circular block bootstrap
// (Politis and Romano, 1992), percentile ends, from `resamples` resamples. Blocks are as long as
// Politis and White (Econometric Reviews, 2004) derive for a first-order autoregression with the
// series' own lag-1. Not for short series: with 10 values a percentile interval of nominal 95 %
// covers 91 %. The series must be finite. Deterministic in `seed`.
Interval block_bootstrap_interval(std::span<const double> series, double level, std::uint64_t seed,
                                  int resamples = 1000);

// The block length used above, between 1 and a third of the series.
int bootstrap_block_length(std::span<const double> series);

}  // namespace gnomon::stats
