#pragma once

// What a comparison of two arms says: better, worse, equivalent or undecided, with the interval
// that says it. The data are one number per complete block, log(subject ÷ baseline) of the arms'
// summaries, in the order in which the blocks were run.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "stats/interval.h"
#include "stats/sequential.h"

namespace gnomon::stats {

enum class Verdict {
  better,      // the interval excludes "no difference", on the good side
  worse,       // … on the bad side
  equivalent,  // the whole interval lies within the margin; a difference, if any, is of no account
  undecided,   // none of these: the data do not say
};
std::string_view to_string(Verdict verdict);

// The verdict that an interval of log ratios supports. An interval within the margin is equivalent
// even where it excludes 0.
Verdict verdict(const Interval& log_ratio, const Design& design);

struct Comparison {
  int blocks = 0;
  Interval interval;   // of the log ratio; the final one, reported if the study ends here
  Interval repeated;   // of the log ratio; the one that decides whether it ends here
  double p_value = 1;  // of "no difference", earlier looks paid for (Schedule::p_value)
  Verdict verdict = Verdict::undecided;  // what `interval` says
  // Why this comparison needs no more blocks; absent: go on to the next look. Budget is for the
  // caller to say.
  std::optional<StopReason> stop;
  double lag_one = 0;         // autocorrelation of the log ratios over blocks
  bool bootstrapped = false;  // the intervals were widened for it
};

// Compares after log_ratios.size() blocks, of which there is at least one. Values may be infinite
// (one arm timed out) or NaN (both did); see stats/censored.h.
//
// When the log ratios are autocorrelated (stats/autocorrelation.h) both intervals become the hull
// of the signed-rank and the block-bootstrap interval: never narrower than the exact one, so that
// false alarms stay bounded even where the autocorrelation was an accident. `seed` feeds the
// bootstrap alone.
Comparison compare(std::span<const double> log_ratios, const Design& design,
                   const Schedule& schedule, std::uint64_t seed = 0);

}  // namespace gnomon::stats
