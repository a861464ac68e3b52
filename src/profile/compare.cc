#include "profile/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "stats/quantile.h"
#include "stats/signed_rank.h"

namespace gnomon::profile {
namespace {

bool everywhere(const std::string& name, std::span<const CallTimes> recordings) {
  return std::all_of(recordings.begin(), recordings.end(),
                     [&](const CallTimes& times) { return times.contains(name); });
}

std::vector<double> medians(const std::string& name, std::span<const CallTimes> recordings) {
  std::vector<double> values;
  for (const auto& times : recordings) values.push_back(stats::median(times.at(name)));
  return values;
}

stats::Verdict verdict_of(const stats::Interval& log_ratio, double margin) {
  const double limit = std::log1p(margin);
  if (log_ratio.inside(-limit, limit)) return stats::Verdict::equivalent;
  if (log_ratio.high < 0) return stats::Verdict::better;
  if (log_ratio.low > 0) return stats::Verdict::worse;
  return stats::Verdict::undecided;
}

}  // namespace

std::vector<Change> compare(std::span<const CallTimes> before, std::span<const CallTimes> after,
                            double confidence, double margin) {
  if (before.empty() || before.size() != after.size())
    throw InputError(
        "profile: {} recordings before and {} after; give as many of each, made in turn",
        before.size(), after.size());
  std::vector<std::string> names;
  for (const auto& [name, times] : before[0])
    if (everywhere(name, before) && everywhere(name, after)) names.push_back(name);
  if (names.empty()) throw InputError("profile: the recordings have no operator in common");
  const double level = (1 - confidence) / static_cast<double>(names.size());
  std::vector<std::pair<double, Change>> changes;
  for (const auto& name : names) {
    const auto one = medians(name, before), other = medians(name, after);
    std::vector<double> log_ratios;
    for (std::size_t i = 0; i < one.size(); ++i) log_ratios.push_back(std::log(other[i] / one[i]));
    auto interval = stats::signed_rank_interval(log_ratios, level);
    interval.estimate = stats::hodges_lehmann(log_ratios);
    const double weight = stats::median(one) * static_cast<double>(before[0].at(name).size());
    changes.emplace_back(
        weight, Change{name, stats::median(one), stats::median(other), stats::exponential(interval),
                       verdict_of(interval, margin)});
  }
  std::stable_sort(changes.begin(), changes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Change> sorted;
  for (auto& [weight, change] : changes) sorted.push_back(std::move(change));
  return sorted;
}

std::string conclusion(std::span<const Change> changes, std::size_t pairs) {
  const auto count = [&](stats::Verdict verdict) {
    return std::count_if(changes.begin(), changes.end(),
                         [&](const Change& change) { return change.verdict == verdict; });
  };
  std::string text = fmt::format(
      "Of {} operators {} became faster, {} slower, {} stayed the same, {} are undecided",
      changes.size(), count(stats::Verdict::better), count(stats::Verdict::worse),
      count(stats::Verdict::equivalent), count(stats::Verdict::undecided));
  if (count(stats::Verdict::undecided) > 0 && pairs < 12)
    text += fmt::format("; {} {} cannot tell more: record several of each, in turn", pairs,
                        pairs == 1 ? "pair of recordings" : "pairs of recordings");
  return text + ".";
}

}  // namespace gnomon::profile
