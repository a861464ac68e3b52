#pragma once

// Many comparisons at once: which differences to believe, and what to claim of the one that was
// chosen because it looked best.

#include <span>
#include <vector>

#include "stats/interval.h"

namespace gnomon::stats {

// Benjamini and Hochberg's adjusted p values, in the order given: calling "different" whatever lies
// at or below q keeps the expected share of false calls at q ("Controlling the false discovery
// rate", JRSS B, 1995), for independent p values and for those that share a baseline (Benjamini and
// Yekutieli, Annals of Statistics, 2001: positive regression dependence).
std::vector<double> benjamini_hochberg(std::span<const double> p_values);

// The interval of the log ratio of the configuration that was chosen among `candidates` (the
// chosen one included) because of these data. Choosing the best of k picks luck along with merit:
// an ordinary interval of the winner covers too rarely. This one is taken at level ÷ k, so all k
// intervals hold at once (Bonferroni) and hence the chosen one does, by whatever rule it was
// chosen; it is also the false-coverage-rate interval for one selection of k (Benjamini and
// Yekutieli, JASA, 2005). Conditional intervals (Lee, Sun, Sun and Taylor, Annals of Statistics,
// 2016) would be shorter when the winner is clear, but they assume a rule of choosing fixed in
// advance and normal noise, and here users may choose as they like. Ends are infinite when the
// blocks are too few for level ÷ k: n blocks serve at most level · 2^(n−1) candidates, 25 at n
// = 10.
//
// `level` is the final level of the look at which the study ended (Schedule::at), so that looking
// early is paid for too.
Interval chosen_interval(std::span<const double> log_ratios, double level, int candidates);

}  // namespace gnomon::stats
