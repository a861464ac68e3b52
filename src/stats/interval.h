#pragma once

// An estimate with its interval, and the words of the whole layer.
//
// The layer `stats` is pure functions: no files, no clock, no hidden randomness (whatever resamples
// takes a seed). Ratios are handled as natural logarithms, in which the noise of running times is
// close to symmetric and "2 % slower" and "2 % faster" are equally far from zero.

#include <cmath>

namespace gnomon::stats {

struct Interval {
  double estimate = 0;
  double low = 0;  // −∞ or +∞ where the sample is too small to bound that side
  double high = 0;
  double confidence = 0;  // attained, which for rank methods is a little above what was asked

  bool contains(double value) const { return low <= value && value <= high; }
  bool inside(double from, double to) const { return from <= low && high <= to; }
  double half_width() const { return (high - low) / 2; }
  bool operator==(const Interval&) const = default;
};

// An interval of log ratios as one of ratios: 0.0198 becomes 1.02.
inline Interval exponential(const Interval& log) {
  return {std::exp(log.estimate), std::exp(log.low), std::exp(log.high), log.confidence};
}

// Which way a measure improves: time falls, throughput and accuracy rise.
enum class Direction { lower_is_better, higher_is_better };

}  // namespace gnomon::stats
