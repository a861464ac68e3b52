#include "stats/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "stats/autocorrelation.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

bool within_margin(const Interval& interval, const Design& design) {
  return interval.inside(std::log1p(-design.margin), std::log1p(design.margin));
}

Interval hull(const Interval& exact, const Interval& other) {
  return {exact.estimate, std::min(exact.low, other.low), std::max(exact.high, other.high),
          exact.confidence};
}

Interval interval_at(std::span<const double> log_ratios, double level, bool autocorrelated,
                     std::uint64_t seed) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (level <= 0) return {hodges_lehmann(log_ratios), -infinity, infinity, 1};
  const auto exact = signed_rank_interval(log_ratios, level);
  return autocorrelated ? hull(exact, block_bootstrap_interval(log_ratios, level, seed)) : exact;
}

std::optional<StopReason> reason_to_stop(const Comparison& comparison, const Design& design,
                                         const Schedule& schedule) {
  if (within_margin(comparison.repeated, design)) return StopReason::equivalent;
  if (design.stop_when_decided && !comparison.repeated.contains(0)) return StopReason::decided;
  const bool at_look = schedule.at(comparison.blocks).early_level > 0;
  if (at_look && comparison.interval.half_width() <= std::log1p(design.half_width)) {
    return StopReason::half_width;
  }
  if (comparison.blocks >= schedule.maximum()) return StopReason::exhausted;
  return std::nullopt;
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
  if (all_finite(log_ratios)) {
    comparison.lag_one = lag_one_autocorrelation(log_ratios);
    comparison.bootstrapped = is_autocorrelated(log_ratios);
  }
  const Look look = schedule.at(comparison.blocks);
  comparison.interval = interval_at(log_ratios, look.final_level, comparison.bootstrapped, seed);
  comparison.repeated = interval_at(log_ratios, look.early_level, comparison.bootstrapped, seed);
  comparison.p_value = schedule.p_value(comparison.blocks, signed_rank_p_value(log_ratios));
  comparison.verdict = verdict(comparison.interval, design);
  comparison.stop = reason_to_stop(comparison, design, schedule);
  return comparison;
}

}  // namespace gnomon::stats
