#pragma once

// Which configurations are worth having when several measures pull in different directions, and how
// sure that is. Every configuration was run once in every complete block, so blocks are resampled
// whole: what a block did to one configuration it did to all.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/interval.h"

namespace gnomon::stats {

struct Measure {
  Direction direction = Direction::lower_is_better;
  // Constraints, on the scale of the data; a configuration that breaks one is not feasible.
  std::optional<double> at_least;
  std::optional<double> at_most;
  // False: a measure that only constrains.
  bool on_front = true;
};

// values[m] holds measure m of one configuration: one number per complete block in the order of
// blocks, or a single number where it does not vary from block to block (the accuracy of one
// artefact, a size in bytes). +∞ is allowed (a run that timed out).
struct Candidate {
  std::vector<std::vector<double>> values;
};

struct Standing {
  double feasible = 0;  // probability that every constraint holds
  double on_front = 0;  // probability of being feasible and dominated by no feasible configuration
};

struct ParetoFront {
  std::vector<Standing> standings;  // one per candidate
  std::vector<std::size_t> front;   // indices of the candidates on the front of the point estimates
  // Share that the front dominates (Zitzler and Thiele, IEEE Transactions on Evolutionary
  // Computation, 1999) of the box from the best value of each measure to a tenth of its range
  // beyond the worst, with percentile interval. The box is that of the point estimates, so that
  // resamples are comparable; a lucky resample may reach a little beyond it.
  Interval hypervolume;
};

// Point estimates are medians over blocks, after the speed that the host had in each block, common
// to all configurations, has been divided out (of positive, finite measures). Blocks are drawn
// with replacement, `resamples` times (Efron and Tibshirani, An Introduction to the Bootstrap,
// 1993). A probability is a statement about the medians, not about single runs. One configuration
// dominates another if it is no worse in all measures and better in one; equals do not dominate
// each other. Deterministic in `seed`.
//
// All candidates hold the same measures, and a measure the same number of blocks everywhere. Cost:
// resamples · candidates² · measures.
ParetoFront pareto_front(std::span<const Candidate> candidates, std::span<const Measure> measures,
                         double confidence, std::uint64_t seed, int resamples = 1000);

}  // namespace gnomon::stats
