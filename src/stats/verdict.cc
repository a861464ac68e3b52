#include "stats/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "stats/autocorrelation.h"
#include "stats/quantile.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

constexpr int kResamples = 400;

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

bool within_margin(const Interval& interval, const Design& design) {
  return interval.inside(std::log1p(-design.margin), std::log1p(design.margin));
}

// The signed-rank interval, widened to hold the percentiles of the bootstrapped centres, if any.
Interval interval_at(std::span<const double> log_ratios, double level,
                     std::span<const double> centres) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (level <= 0) return {hodges_lehmann(log_ratios), -infinity, infinity, 1};
  auto interval = signed_rank_interval(log_ratios, level);
  if (!centres.empty()) {
    interval.low = std::min(interval.low, quantile(centres, level / 2));
    interval.high = std::max(interval.high, quantile(centres, 1 - level / 2));
  }
  return interval;
}

bool narrow(const Interval& interval, const Design& design) {
  return interval.half_width() <= std::log1p(design.half_width);
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::better:
      return "better";
    case Verdict::worse:
      return "worse";
    case Verdict::equivalent:
      return "equivalent";
    case Verdict::undecided:
      return "undecided";
  }
  return "";
}

Verdict verdict(const Interval& log_ratio, const Design& design) {
  if (within_margin(log_ratio, design)) return Verdict::equivalent;
  if (log_ratio.contains(0)) return Verdict::undecided;
  const bool lower = log_ratio.high < 0;
  return lower == (design.direction == Direction::lower_is_better) ? Verdict::better
                                                                   : Verdict::worse;
}

Comparison compare(std::span<const double> log_ratios, const Design& design,
                   const Schedule& schedule, std::uint64_t seed) {
  GNOMON_CHECK(!log_ratios.empty(), "a comparison of no blocks");
  Comparison comparison;
  comparison.blocks = static_cast<int>(log_ratios.size());
  std::vector<double> centres;
  if (all_finite(log_ratios)) {
    comparison.lag_one = lag_one_autocorrelation(log_ratios);
    comparison.bootstrapped = is_autocorrelated(log_ratios);
    if (comparison.bootstrapped) centres = block_bootstrap(log_ratios, seed, kResamples);
  }
  const Look look = schedule.at(comparison.blocks);
  comparison.repeated = interval_at(log_ratios, look.early_level, centres);
  const auto by_width = interval_at(log_ratios, look.width_level, centres);
  const bool last = comparison.blocks >= schedule.maximum();

  if (within_margin(comparison.repeated, design)) {
    comparison.stop = StopReason::equivalent;
  } else if (design.stop_when_decided && !comparison.repeated.contains(0)) {
    comparison.stop = StopReason::decided;
  } else if (schedule.is_look(comparison.blocks) && narrow(by_width, design)) {
    comparison.stop = StopReason::half_width;
  } else if (last) {
    comparison.stop = StopReason::exhausted;
  }
  const bool stopped_by_width =
      comparison.stop == StopReason::equivalent || comparison.stop == StopReason::half_width;
  comparison.interval =
      stopped_by_width ? by_width : interval_at(log_ratios, look.final_level, centres);
  comparison.verdict = verdict(comparison.interval, design);
  comparison.p_value = schedule.p_value(comparison.blocks, signed_rank_p_value(log_ratios));
  return comparison;
}

}  // namespace gnomon::stats
