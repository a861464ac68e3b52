#pragma once

// Wilcoxon's signed-rank test, the estimate and the interval that belong to it.
//
// The sample is one number per block, usually the log ratio of two arms measured side by side. The
// test assumes only that each number is symmetric about the same centre. When the order of the two
// arms within a block is drawn at random, two identical arms meet that assumption exactly whatever
// the host does (drift, two speeds, autocorrelation): exchanging the arms flips a sign, and each
// sign is its own fair coin. No test of repeated iterations of one process can say so.
//
// Infinite values are allowed and rank last: a run that timed out (stats/censored.h). NaN stands
// for a block in which neither arm finished; such a block is kept and counted against whatever is
// being shown: as −∞ for the lower end, +∞ for the upper, the larger of both for the p value.
//
// Frank Wilcoxon, "Individual comparisons by ranking methods" (Biometrics Bulletin, 1945);
// Hollander, Wolfe and Chicken, Nonparametric Statistical Methods (2014), chapter 3.

#include <span>
#include <vector>

#include "stats/interval.h"

namespace gnomon::stats {

// Samples up to this size get exact distributions; larger ones the normal approximation with a
// continuity correction (its error in a tail of 2.5 % is below 10⁻⁴ there).
inline constexpr int kLargestExactSignedRank = 100;

// P(W ≤ w) for w = 0 … n(n+1)/2, where W is the sum of the ranks 1 … n that fall to positive
// values, each with probability ½. n ≤ kLargestExactSignedRank.
std::vector<double> signed_rank_distribution(int n);

// The two-sided rejection region {W ≤ rank or W ≥ n(n+1)/2 − rank} of greatest probability within
// `level`. rank is −1 and the level 0 when even the extreme sums are likelier than that: the
// smallest level that n values can attain is 2^(1−n).
struct SignedRankRegion {
  int rank = -1;
  double level = 0;  // attained
};
SignedRankRegion signed_rank_region(int n, double level);

// Two-sided p value of "the centre is 0". Tied magnitudes share the mean of their ranks, zeros are
// ranked and their ranks then dropped (Pratt, "Remarks on zeros and ties in the Wilcoxon signed
// rank procedures", JASA 1959), and the distribution is that of the ranks as they came out, so the
// p value stays exact. 1 when every value is zero.
double signed_rank_p_value(std::span<const double> sample);

// The median of all means of two values, each value with itself included (Hodges and Lehmann,
// "Estimates of location based on rank tests", Annals of Mathematical Statistics, 1963).
double hodges_lehmann(std::span<const double> sample);

// All centres that the test at `level` does not reject, by inversion: order statistics of the
// n(n+1)/2 pairwise means, found by selection in O(n²). Ends are infinite when the sample is too
// small for the level. Ties make it cover more, not less, than it states.
Interval signed_rank_interval(std::span<const double> sample, double level);

}  // namespace gnomon::stats
