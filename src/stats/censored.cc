#include "stats/censored.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "stats/quantile.h"

namespace gnomon::stats {

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace

double censored_median(std::span<const Observation> runs) {
  std::vector<double> values;
  for (const auto& run : runs) values.push_back(run.censored ? kInfinity : run.value);
  return median(values);
}

double censored_log_ratio(const Observation& subject, const Observation& baseline) {
  if (subject.censored && baseline.censored) return std::numeric_limits<double>::quiet_NaN();
  if (subject.censored) return kInfinity;
  if (baseline.censored) return -kInfinity;
  GNOMON_CHECK(subject.value > 0 && baseline.value > 0, "the ratio of {} to {}", subject.value,
               baseline.value);
  return std::log(subject.value / baseline.value);
}

}  // namespace gnomon::stats
