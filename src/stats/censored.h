#pragma once

// Runs that did not finish in time. Dropping them would make the slow look fast, so they are kept:
// all that is known of such a run is that it took longer than its limit, hence it ranks last.
// Medians and signed ranks need no more than ranks.

#include <span>

namespace gnomon::stats {

// One measurement in which small is good (a time, a cost). A censored one holds the limit at which
// it was stopped.
struct Observation {
  double value = 0;
  bool censored = false;
};

// The median with censored runs last; +∞ when half of the runs or more did not finish.
double censored_median(std::span<const Observation> runs);

// log(subject ÷ baseline) of one block, for stats/signed_rank.h and stats/verdict.h: +∞ when only
// the subject did not finish, −∞ when only the baseline did not, NaN when neither did (the block
// then counts against any verdict but "undecided"). Measured values must be positive.
double censored_log_ratio(const Observation& subject, const Observation& baseline);

}  // namespace gnomon::stats
