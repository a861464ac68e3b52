#pragma once

// What changed between two ways to run the same program, operator by operator.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/interval.h"
#include "stats/verdict.h"

namespace gnomon::profile {

struct Change {
  std::string name;              // "conv1 convolution"; "step" for whole steps
  double before = 0, after = 0;  // seconds of one call: the median over recordings of their medians
  stats::Interval ratio;         // after ÷ before
  stats::Verdict verdict = stats::Verdict::undecided;
};

// Recording i of `before` and recording i of `after` were made side by side. A recording counts
// once, by the median of its calls: calls within one recording say nothing about how recordings
// differ. The ratio is Hodges and Lehmann's with the interval of the signed-rank test
// (stats/signed_rank.h), at a level divided by the number of operators compared; within `margin` of
// 1 it is equivalent. With fewer pairs than the level needs, intervals are infinite and verdicts
// undecided. Those that take the most time first; operators that one side lacks are left out.
// Throws InputError if the sides differ in number.
using CallTimes = std::map<std::string, std::vector<double>>;  // profile.h: call_times
std::vector<Change> compare(std::span<const CallTimes> before, std::span<const CallTimes> after,
                            double confidence = 0.95, double margin = 0.02);

// One sentence on the whole.
std::string conclusion(std::span<const Change> changes, std::size_t pairs);

}  // namespace gnomon::profile
