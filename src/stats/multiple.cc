#include "stats/multiple.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return p_values[a] > p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double smallest = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto rank = static_cast<double>(order.size() - i);
    smallest = std::min(smallest, p_values[order[i]] * static_cast<double>(order.size()) / rank);
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

Interval chosen_interval(std::span<const double> log_ratios, double level, int candidates) {
  GNOMON_CHECK(candidates >= 1, "chosen among {} candidates", candidates);
  return signed_rank_interval(log_ratios, level / candidates);
}

}  // namespace gnomon::stats
