#pragma once

// Where a series of iteration times stops warming up, if it does.

#include <cstddef>
#include <span>
#include <vector>

namespace gnomon::stats {

struct SteadyState {
  std::size_t warm_up = 0;  // leading values to drop
  bool steady = false;      // false: the series never settles; report it, whatever is dropped
  std::vector<std::size_t> changes;  // first index of each segment but the first
};

// Divides the series into segments of constant level, then drops the leading ones. The method is
// that of Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual machine warmup blows hot and
// cold" (OOPSLA, 2017): change points by PELT, which is exact (Killick, Fearnhead and Eckley, JASA,
// 2012), here for changes of the mean; single outliers are first pulled in to the median of their
// neighbourhood ± 3 robust deviations. Noise is judged by the differences of neighbours, so that
// the warm-up itself does not count as noise.
//
// The last segment is the steady state if it covers at least `share` of the series. Earlier
// segments join it from the back while their level is within `tolerance` of its own. Fewer than 8
// values are never steady.
SteadyState find_steady_state(std::span<const double> series, double tolerance = 0.02,
                              double share = 0.5);

// The first index of each segment but the first. `penalty` is what a further segment must save in
// squared error, in units of the noise variance; 0 chooses 4·log n, a little more than the Bayesian
// information criterion asks, because running times are not quite normal.
std::vector<std::size_t> change_points(std::span<const double> series, double penalty = 0);

}  // namespace gnomon::stats
