#include "stats/steady_state.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/quantile.h"

namespace gnomon::stats {
namespace {

constexpr std::size_t kShortest = 8;

// Standard deviation of the noise from the median difference of neighbours, which changes of level
// hardly touch. 1.4826 makes the median absolute deviation that of a normal; √2: two noises.
double noise_of(std::span<const double> series) {
  std::vector<double> differences;
  for (std::size_t i = 1; i < series.size(); ++i) {
    differences.push_back(std::abs(series[i] - series[i - 1]));
  }
  const double noise = 1.4826 / std::sqrt(2.0) * median(differences);
  // A series of few distinct values (a coarse timer) has a median difference of 0.
  const double scale = std::abs(median(series));
  return std::max(noise, scale * 1e-6 + 1e-300);
}

std::vector<double> without_outliers(std::span<const double> series, double noise) {
  constexpr std::size_t reach = 2;
  std::vector<double> calm(series.begin(), series.end());
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::size_t from = i < reach ? 0 : i - reach;
    const std::size_t to = std::min(series.size(), i + reach + 1);
    const double middle = median(series.subspan(from, to - from));
    calm[i] = std::clamp(series[i], middle - 3 * noise, middle + 3 * noise);
  }
  return calm;
}

// Squared error of any stretch about its own mean, from running sums.
class Cost {
 public:
  explicit Cost(std::span<const double> values) : sums_(1, 0.0), squares_(1, 0.0) {
    // About the first value, so that the sums of squares keep their digits.
    for (const double value : values) {
      const double shifted = value - values.front();
      sums_.push_back(sums_.back() + shifted);
      squares_.push_back(squares_.back() + shifted * shifted);
    }
  }
  double operator()(std::size_t from, std::size_t to) const {
    const double sum = sums_[to] - sums_[from];
    return squares_[to] - squares_[from] - sum * sum / static_cast<double>(to - from);
  }

 private:
  std::vector<double> sums_;
  std::vector<double> squares_;
};

}  // namespace

std::vector<std::size_t> change_points(std::span<const double> series, double penalty) {
  const std::size_t n = series.size();
  if (n < 2) return {};
  const double noise = noise_of(series);
  const double price =
      (penalty > 0 ? penalty : 4 * std::log(static_cast<double>(n))) * noise * noise;
  const auto calm = without_outliers(series, noise);
  const Cost cost(calm);

  // best[t]: least cost of the first t values, each segment but the first paid for. A start that is
  // dearer than the whole even without a further price can never be best again: PELT's pruning.
  std::vector<double> best(n + 1, -price);
  std::vector<std::size_t> start_of_last(n + 1, 0);
  std::vector<std::size_t> starts;
  for (std::size_t t = 1; t <= n; ++t) {
    starts.push_back(t - 1);
    best[t] = std::numeric_limits<double>::infinity();
    for (const std::size_t s : starts) {
      const double total = best[s] + cost(s, t) + price;
      if (total < best[t]) {
        best[t] = total;
        start_of_last[t] = s;
      }
    }
    std::erase_if(starts, [&](std::size_t s) { return best[s] + cost(s, t) > best[t]; });
  }

  std::vector<std::size_t> changes;
  for (std::size_t t = start_of_last[n]; t > 0; t = start_of_last[t]) changes.push_back(t);
  std::reverse(changes.begin(), changes.end());
  return changes;
}

SteadyState find_steady_state(std::span<const double> series, double tolerance, double share) {
  SteadyState state;
  if (series.size() < kShortest) return state;
  state.changes = change_points(series);

  std::size_t start = state.changes.empty() ? 0 : state.changes.back();
  const double level = median(series.subspan(start));
  for (auto segment = state.changes.size(); segment-- > 0;) {
    const std::size_t from = segment == 0 ? 0 : state.changes[segment - 1];
    const double before = median(series.subspan(from, state.changes[segment] - from));
    if (std::abs(before - level) > tolerance * std::abs(level)) break;
    start = from;
  }
  state.warm_up = start;
  state.steady =
      static_cast<double>(series.size() - start) >= share * static_cast<double>(series.size());
  return state;
}

}  // namespace gnomon::stats
