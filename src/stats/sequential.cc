#include "stats/sequential.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "base/error.h"
#include "stats/signed_rank.h"

namespace gnomon::stats {
namespace {

double upper_tail(double z) { return std::erfc(z / std::sqrt(2.0)) / 2; }

// The |z| that a two-sided test at `level` rejects beyond.
double boundary(double level) {
  return boost::math::quantile(complement(boost::math::normal(), level / 2));
}

}  // namespace

// The distribution of S, a sum of independent standard normal steps (one per block), among the
// studies that have not crossed a boundary yet; by Simpson's rule on a grid over |S| < limit.
class Schedule::Recursion {
 public:
  // Probability that S crosses ±z·√blocks at `blocks`, and did not cross before.
  double crossing(int blocks, double z) const {
    const double limit = z * std::sqrt(blocks);
    if (blocks_ == 0) return 2 * upper_tail(z);
    const double step = std::sqrt(blocks - blocks_);
    double sum = 0;
    for (std::size_t i = 0; i < mass_.size(); ++i) {
      sum += mass_[i] * (upper_tail((limit - at(i)) / step) + upper_tail((limit + at(i)) / step));
    }
    return sum;
  }

  // The two-sided level at `blocks` with which exactly `probability` crosses there.
  double level_for(int blocks, double probability) const {
    double low = 0;
    double high = 10;
    for (int i = 0; i < 50; ++i) {
      const double z = (low + high) / 2;
      (crossing(blocks, z) > probability ? low : high) = z;
    }
    return 2 * upper_tail(high);
  }

  // Goes on with the studies that do not cross ±z·√blocks at `blocks`.
  void advance(int blocks, double z) {
    spent_ += crossing(blocks, z);
    const double limit = z * std::sqrt(blocks);
    const double step = std::sqrt(blocks - blocks_);
    Recursion next(blocks, limit, spent_);
    for (std::size_t i = 0; i < kPoints; ++i) {
      double density = 0;
      if (blocks_ == 0) {
        density = normal_density(next.at(i) / step) / step;
      } else {
        for (std::size_t j = 0; j < mass_.size(); ++j) {
          density += mass_[j] * normal_density((next.at(i) - at(j)) / step) / step;
        }
      }
      next.mass_[i] *= density;
    }
    *this = std::move(next);
  }

  double spent() const { return spent_; }

  Recursion() = default;

 private:
  static constexpr std::size_t kPoints = 161;

  // Starts with Simpson's weights in place of masses.
  Recursion(int blocks, double limit, double spent)
      : blocks_(blocks), limit_(limit), spent_(spent), mass_(kPoints) {
    const double width = 2 * limit / (kPoints - 1);
    for (std::size_t i = 0; i < kPoints; ++i) {
      const bool end = i == 0 || i == kPoints - 1;
      mass_[i] = (end ? 1 : i % 2 == 1 ? 4 : 2) * width / 3;
    }
  }

  static double normal_density(double z) {
    return std::exp(-z * z / 2) / std::sqrt(2 * 3.14159265358979323846);
  }

  double at(std::size_t i) const {
    return limit_ * (2 * static_cast<double>(i) / (kPoints - 1) - 1);
  }

  int blocks_ = 0;
  double limit_ = 0;
  double spent_ = 0;
  std::vector<double> mass_;
};

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::equivalent:
      return "equivalent within the margin";
    case StopReason::decided:
      return "decided";
    case StopReason::half_width:
      return "interval narrow enough";
    case StopReason::budget:
      return "budget spent";
    case StopReason::exhausted:
      return "all blocks run";
  }
  return "";
}

std::vector<int> look_blocks(int min_blocks, int maximum) {
  std::vector<int> blocks;
  for (int n = min_blocks; n < maximum; n += n / 2) blocks.push_back(n);
  // A look just before the last would spend alpha to save next to nothing.
  if (blocks.size() > 1 && maximum - blocks.back() < blocks.back() / 8) blocks.pop_back();
  blocks.push_back(maximum);
  return blocks;
}

Schedule::Schedule(const Design& design, int maximum) : alpha_(design.alpha) {
  GNOMON_CHECK(design.alpha > 0 && design.alpha < 1, "alpha {}", design.alpha);
  GNOMON_CHECK(design.early_share >= 0 && design.early_share <= 1, "early share {}",
               design.early_share);
  GNOMON_CHECK(design.min_blocks >= 2 && design.min_blocks <= design.max_blocks, "{}..{} blocks",
               design.min_blocks, design.max_blocks);
  maximum = std::clamp(maximum, design.min_blocks, design.max_blocks);

  Recursion recursion;
  for (const int blocks : look_blocks(design.min_blocks, maximum)) {
    Look look{blocks, 0, recursion.level_for(blocks, alpha_ - recursion.spent())};
    const double due = blocks == maximum
                           ? alpha_ - recursion.spent()
                           : design.early_share * alpha_ * blocks / maximum - recursion.spent();
    if (due > 0) {
      look.early_level = signed_rank_region(blocks, recursion.level_for(blocks, due)).level;
    }
    if (look.early_level > 0) recursion.advance(blocks, boundary(look.early_level));
    looks_.push_back(look);
  }
}

std::optional<int> Schedule::next_look(int blocks) const {
  for (const Look& look : looks_) {
    if (look.blocks > blocks) return look.blocks;
  }
  return std::nullopt;
}

Schedule::Recursion Schedule::before(int blocks) const {
  Recursion recursion;
  for (const Look& look : looks_) {
    if (look.blocks >= blocks) break;
    if (look.early_level > 0) recursion.advance(look.blocks, boundary(look.early_level));
  }
  return recursion;
}

Look Schedule::at(int blocks) const {
  for (const Look& look : looks_) {
    if (look.blocks == blocks) return look;
  }
  const auto recursion = before(blocks);
  return {blocks, 0, recursion.level_for(blocks, alpha_ - recursion.spent())};
}

double Schedule::p_value(int blocks, double p) const {
  const auto recursion = before(blocks);
  if (p >= 1) return 1;
  const double reached = recursion.crossing(blocks, boundary(std::max(p, 1e-300)));
  return std::min(1.0, recursion.spent() + reached);
}

Schedule plan(std::span<const double> pilot, const Design& design, int affordable) {
  GNOMON_CHECK(pilot.size() >= 2, "a pilot of {} blocks", pilot.size());
  // The interval's half-width shrinks with the root of the number of blocks. The pilot may be too
  // small for 95 %, so compare at 50 %, where even three ranks give an interval.
  const auto half = signed_rank_interval(pilot, 0.5);
  const auto pilot_blocks = static_cast<double>(pilot.size());
  const double ratio = boundary(design.alpha) / boundary(1 - half.confidence);
  const double shrink = half.half_width() * ratio / std::log1p(design.half_width);
  const double needed = 1.25 * pilot_blocks * shrink * shrink;
  const int blocks =
      needed < design.max_blocks ? static_cast<int>(std::ceil(needed)) : design.max_blocks;
  return Schedule(design, std::min(blocks, affordable));
}

}  // namespace gnomon::stats
