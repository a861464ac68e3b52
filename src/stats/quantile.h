#pragma once

// Quantiles of a sample, with intervals that assume nothing about the distribution.

#include <span>

#include "stats/interval.h"

namespace gnomon::stats {

// The quantile of order p in [0, 1], interpolated linearly between order statistics: type 7 of
// Hyndman and Fan, "Sample quantiles in statistical packages" (The American Statistician, 1996),
// the definition of R and NumPy. The sample need not be sorted, must not be empty and must hold no
// NaN; infinite values (censored runs, stats/censored.h) are ordered like any other.
double quantile(std::span<const double> sample, double p);
double median(std::span<const double> sample);

// The interval between two order statistics that holds the population's quantile of order p with
// at least `confidence`, for independent draws from any continuous distribution: the number of
// draws below the quantile is binomial (David and Nagaraja, Order Statistics, 2003, §7.1). The tail
// probability is divided equally. A side that no order statistic can bound is infinite: the p99
// needs 368 draws for a 95 % upper bound.
Interval quantile_interval(std::span<const double> sample, double p, double confidence);

}  // namespace gnomon::stats
