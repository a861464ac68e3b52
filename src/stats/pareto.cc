#include "stats/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "stats/hypervolume.h"
#include "stats/quantile.h"

namespace gnomon::stats {
namespace {

using Points = std::vector<std::vector<double>>;  // [candidate][measure]

bool positive_and_finite(std::span<const Candidate> candidates, std::size_t measure) {
  return std::all_of(candidates.begin(), candidates.end(), [measure](const Candidate& candidate) {
    const auto& values = candidate.values[measure];
    return std::all_of(values.begin(), values.end(),
                       [](double value) { return value > 0 && std::isfinite(value); });
  });
}

// Divides the geometric mean over candidates out of each block, and multiplies the typical block's
// back in so that constraints keep their scale.
void remove_block_speeds(std::vector<Candidate>& candidates, std::size_t measure) {
  const std::size_t blocks = candidates.front().values[measure].size();
  std::vector<double> speeds(blocks, 0.0);
  for (const auto& candidate : candidates) {
    for (std::size_t b = 0; b < blocks; ++b) {
      speeds[b] += std::log(candidate.values[measure][b]) / static_cast<double>(candidates.size());
    }
  }
  const double typical = median(speeds);
  for (auto& candidate : candidates) {
    for (std::size_t b = 0; b < blocks; ++b) {
      candidate.values[measure][b] *= std::exp(typical - speeds[b]);
    }
  }
}

// Medians over the drawn blocks.
Points medians(std::span<const Candidate> candidates, std::span<const std::size_t> drawn) {
  Points points;
  std::vector<double> sample(drawn.size());
  for (const auto& candidate : candidates) {
    auto& point = points.emplace_back();
    for (const auto& values : candidate.values) {
      if (values.size() == 1) {
        point.push_back(values.front());
        continue;
      }
      for (std::size_t i = 0; i < drawn.size(); ++i) sample[i] = values[drawn[i]];
      point.push_back(median(sample));
    }
  }
  return points;
}

bool is_feasible(const std::vector<double>& point, std::span<const Measure> measures) {
  for (std::size_t m = 0; m < measures.size(); ++m) {
    if (measures[m].at_least && !(point[m] >= *measures[m].at_least)) return false;
    if (measures[m].at_most && !(point[m] <= *measures[m].at_most)) return false;
  }
  return true;
}

// The coordinates that span the front, turned so that small is good.
std::vector<double> coordinates(const std::vector<double>& point,
                                std::span<const Measure> measures) {
  std::vector<double> turned;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    if (!measures[m].on_front) continue;
    turned.push_back(measures[m].direction == Direction::lower_is_better ? point[m] : -point[m]);
  }
  return turned;
}

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

struct Feasible {
  std::vector<std::size_t> candidates;
  Points points;  // their coordinates
};

Feasible feasible_among(const Points& points, std::span<const Measure> measures) {
  Feasible feasible;
  for (std::size_t c = 0; c < points.size(); ++c) {
    if (!is_feasible(points[c], measures)) continue;
    feasible.candidates.push_back(c);
    feasible.points.push_back(coordinates(points[c], measures));
  }
  return feasible;
}

std::vector<std::size_t> front_among(const Feasible& feasible) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < feasible.points.size(); ++i) {
    const bool dominated =
        std::any_of(feasible.points.begin(), feasible.points.end(),
                    [&](const auto& other) { return dominates(other, feasible.points[i]); });
    if (!dominated) front.push_back(feasible.candidates[i]);
  }
  return front;
}

// Coordinates as shares of the box between the best and the worst finite value of each measure. The
// reference lies a tenth beyond the worst, or the ends of the front would count for nothing.
class Box {
 public:
  explicit Box(const Points& points) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    best_.assign(points.front().size(), infinity);
    worst_.assign(points.front().size(), -infinity);
    for (const auto& point : points) {
      for (std::size_t i = 0; i < point.size(); ++i) {
        if (!std::isfinite(point[i])) continue;
        best_[i] = std::min(best_[i], point[i]);
        worst_[i] = std::max(worst_[i], point[i]);
      }
    }
  }

  double dominated_share(Points points) const {
    for (auto& point : points) {
      for (std::size_t i = 0; i < point.size(); ++i) {
        const double width = worst_[i] - best_[i];
        // A measure in which all are equal does not tell them apart: full depth.
        point[i] = width > 0 ? (point[i] - best_[i]) / width : 0;
      }
    }
    const double whole = std::pow(kReference, static_cast<double>(best_.size()));
    return hypervolume(std::move(points), std::vector<double>(best_.size(), kReference)) / whole;
  }

 private:
  static constexpr double kReference = 1.1;

  std::vector<double> best_;
  std::vector<double> worst_;
};

std::size_t check_shape(std::span<const Candidate> candidates, std::span<const Measure> measures) {
  GNOMON_CHECK(!candidates.empty() && !measures.empty(), "{} candidates, {} measures",
               candidates.size(), measures.size());
  GNOMON_CHECK(std::any_of(measures.begin(), measures.end(),
                           [](const Measure& measure) { return measure.on_front; }),
               "every measure only constrains");
  std::size_t blocks = 1;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    for (const auto& candidate : candidates) {
      GNOMON_CHECK(candidate.values.size() == measures.size(), "{} measures, expected {}",
                   candidate.values.size(), measures.size());
      const std::size_t size = candidate.values[m].size();
      GNOMON_CHECK(size == candidates.front().values[m].size() && size > 0 &&
                       (size == 1 || blocks == 1 || size == blocks),
                   "measure {}: {} blocks", m, size);
      blocks = std::max(blocks, size);
    }
  }
  return blocks;
}

}  // namespace

ParetoFront pareto_front(std::span<const Candidate> candidates, std::span<const Measure> measures,
                         double confidence, std::uint64_t seed, int resamples) {
  const std::size_t blocks = check_shape(candidates, measures);
  GNOMON_CHECK(resamples > 0, "{} resamples", resamples);
  std::vector<Candidate> levelled(candidates.begin(), candidates.end());
  for (std::size_t m = 0; m < measures.size(); ++m) {
    const bool varies = levelled.front().values[m].size() > 1;
    if (varies && positive_and_finite(levelled, m)) remove_block_speeds(levelled, m);
  }

  std::vector<std::size_t> drawn(blocks);
  std::iota(drawn.begin(), drawn.end(), std::size_t{0});
  const Points points = medians(levelled, drawn);
  Points all;
  for (const auto& point : points) all.push_back(coordinates(point, measures));
  const Box box(all);
  const auto feasible = feasible_among(points, measures);

  ParetoFront result;
  result.front = front_among(feasible);
  result.standings.resize(candidates.size());
  result.hypervolume.estimate = box.dominated_share(feasible.points);
  result.hypervolume.confidence = confidence;

  const Random random(seed, "pareto front");
  std::vector<double> volumes;
  std::uint64_t draw = 0;
  const double weight = 1.0 / resamples;
  for (int i = 0; i < resamples; ++i) {
    for (auto& block : drawn) block = static_cast<std::size_t>(random.below(blocks, draw++));
    const auto resampled = feasible_among(medians(levelled, drawn), measures);
    for (const auto c : resampled.candidates) result.standings[c].feasible += weight;
    for (const auto c : front_among(resampled)) result.standings[c].on_front += weight;
    volumes.push_back(box.dominated_share(resampled.points));
  }
  const double tail = (1 - confidence) / 2;
  result.hypervolume.low = quantile(volumes, tail);
  result.hypervolume.high = quantile(volumes, 1 - tail);
  return result;
}

}  // namespace gnomon::stats
