#pragma once

// When to look at a comparison, how much error each look may spend, and when to stop.
//
// Blocks arrive one at a time; looks fall at 10, 15, 22, 33, … blocks (each half as large again) up
// to a maximum that is fixed before the first look. Looking five times at the 5 % level would find
// a difference between identical arms some 13 % of the time, so each look tests at a level of
// its own (Lan and DeMets, "Discrete sequential boundaries for clinical trials", Biometrika, 1983):
//
//   * Early looks share `early_share` of alpha in proportion to information: after n of N blocks,
//     early_share · alpha · n/N has been spent. O'Brien and Fleming's boundaries leave the look at
//     10 of 40 a level of 9·10⁻⁵, below the smallest p value that ten signed ranks can have
//     (2·10⁻³); they could never decide there.
//   * Whichever look turns out to be the last gets all that remains.
//
// The levels follow from the joint distribution of the statistics at all looks (stats/crossing.h)
// for sums with independent increments, which nested signed-rank statistics are in the limit. Ranks
// are discrete: a look uses the largest level that its ranks can attain, and what that leaves
// unspent is carried to the next.
//
// Hence two intervals at every look, both by inversion of the signed-rank test (stats/verdict.h):
//
//   * the REPEATED interval, at the early level (Jennison and Turnbull, "Interim analyses: the
//     repeated confidence interval approach", JRSS B, 1989). It alone decides whether to stop for
//     being decided or equivalent.
//   * the FINAL interval, at the level of all that remains. It is what is reported if this look is
//     the last, and never wider than the repeated one; so whatever stopped the study is what the
//     reported interval says. Data that stop a study by the width of their own interval tend to be
//     those whose spread came out too small by luck (Chow and Robbins, "On the asymptotic theory of
//     fixed-width sequential confidence intervals", Annals of Mathematical Statistics, 1965), so
//     before the last look such an interval is taken at `width_share` of what remains.
//
// Guaranteed (up to the normal approximation of the joint distribution): if the arms are identical
// and their order in each block was drawn at random, the chance that a study ends in better or
// worse is at most alpha, whatever the host does, as long as what else ends it does not depend on
// the sign of the difference (a budget, the last block). Simulated, not guaranteed: the same for
// studies that their width ends; the reported interval covers 93–97 % at every look, and at
// whichever look it stops, over effects and hosts (quiet, heavy-tailed, drifting, of two speeds,
// recorded). Repeated intervals alone would cover 98–99 %; giving the last look all that remains,
// half of alpha at least, is what keeps it below 97 %. Not true of any procedure: coverage among
// only those studies that stopped at one given look. A study of identical arms that stops because
// it is decided is always wrong.

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stats/crossing.h"
#include "stats/interval.h"

namespace gnomon::stats {

// What is asked of a comparison.
struct Design {
  Direction direction = Direction::lower_is_better;
  double alpha = 0.05;  // false alarms over all looks; 1 − alpha is the intervals' confidence
  double half_width = 0.01;   // precise enough when the ratio is known to ±1 %
  double margin = 0.01;       // ratios within 1 ± margin count as equivalent
  int min_blocks = 10;        // the first look
  int max_blocks = 40;        // no schedule goes beyond
  double early_share = 0.5;   // of alpha, spent before the last look
  double width_share = 0.75;  // of what remains, for an interval that ends the study by its width
  bool stop_when_decided = true;  // false: go on until the effect is known to ±half_width
};

// A study that must stop between looks (out of time, interrupted) is looked at there and then.
struct Look {
  int blocks = 0;
  double early_level = 0;  // of the repeated interval; 0 where none can be attained
  double width_level = 0;  // of the final interval, if its own width ends the study here
  double final_level = 0;  // of the final interval, if anything else does
};

enum class StopReason {
  equivalent,  // the repeated interval lies within the margin
  decided,     // the repeated interval excludes "no difference"
  half_width,  // the final interval is narrow enough
  budget,      // given by the caller: time, money or patience ended
  exhausted,   // the schedule's last block was run
};
std::string_view to_string(StopReason reason);

// The looks of one study: fixed in advance, shared by all its comparisons. Immutable.
class Schedule {
 public:
  // Looks up to `maximum` blocks, which is moved into [min_blocks, max_blocks].
  Schedule(const Design& design, int maximum);

  const std::vector<Look>& looks() const { return looks_; }
  int maximum() const { return looks_.back().blocks; }
  // The first look after `blocks` blocks; nothing after the last.
  std::optional<int> next_look(int blocks) const;
  bool is_look(int blocks) const;
  // The levels after `blocks` blocks, at a look or between two; early_level is 0 between looks.
  Look at(int blocks) const;

  // The two-sided p value at `blocks` of a comparison whose signed-rank p value there is `p`, with
  // the looks before it paid for: stage-wise ordering (Fairbanks and Madsen, Biometrika, 1982). At
  // most alpha exactly when the final interval excludes 0 (but for ties).
  double p_value(int blocks, double p) const;

 private:
  const BoundaryCrossing& before(int blocks) const;
  Look final_levels(int blocks, const BoundaryCrossing& crossing) const;

  double alpha_;
  double width_share_;
  std::vector<Look> looks_;
  std::vector<BoundaryCrossing> before_;  // the studies that reach each look
};

// The blocks at which a study of at most `maximum` blocks looks: 10, 15, 22, 33, … maximum.
std::vector<int> look_blocks(int min_blocks, int maximum);

// A schedule from a pilot: the log ratios of its first blocks (they may be used again), best those
// of the arm that is noisiest. The maximum is the number of blocks at which an interval of the
// pilot's spread would be as narrow as the design asks, a quarter more for the pilot's own
// uncertainty, and no more than `affordable` (what the budget pays for). Only the spread enters,
// which says nothing about the sign of the effect, so the looks stay honest.
Schedule plan(std::span<const double> pilot, const Design& design, int affordable);

}  // namespace gnomon::stats
