#include "stats/crossing.h"

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace gnomon::stats {
namespace {

constexpr std::size_t kPoints = 161;

double upper_tail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

double density(double z) {
  return std::exp(-z * z / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

std::vector<double> simpson_weights(double limit) {
  const double width = 2 * limit / (kPoints - 1);
  std::vector<double> weights(kPoints);
  for (std::size_t i = 0; i < kPoints; ++i) {
    const bool end = i == 0 || i == kPoints - 1;
    weights[i] = (end ? 1 : i % 2 == 1 ? 4 : 2) * width / 3;
  }
  return weights;
}

}  // namespace

double normal_boundary(double level) {
  return boost::math::quantile(complement(boost::math::normal(), level / 2));
}

double normal_level(double z) { return 2 * upper_tail(z); }

double BoundaryCrossing::at(std::size_t i) const {
  return limit_ * (2 * static_cast<double>(i) / (kPoints - 1) - 1);
}

double BoundaryCrossing::probability(int blocks, double z) const {
  GNOMON_CHECK(blocks > blocks_, "a look at {} blocks after one at {}", blocks, blocks_);
  if (mass_.empty()) return normal_level(z);
  const double limit = z * std::sqrt(blocks);
  const double step = std::sqrt(blocks - blocks_);
  double sum = 0;
  for (std::size_t i = 0; i < mass_.size(); ++i) {
    sum += mass_[i] * (upper_tail((limit - at(i)) / step) + upper_tail((limit + at(i)) / step));
  }
  return sum;
}

double BoundaryCrossing::level_for(int blocks, double wanted) const {
  double low = 0;
  double high = 10;
  for (int i = 0; i < 50; ++i) {
    const double z = (low + high) / 2;
    (probability(blocks, z) > wanted ? low : high) = z;
  }
  return normal_level(high);
}

void BoundaryCrossing::look(int blocks, double level) {
  const double z = normal_boundary(level);
  BoundaryCrossing next;
  next.spent_ = spent_ + probability(blocks, z);
  next.blocks_ = blocks;
  next.limit_ = z * std::sqrt(blocks);
  next.mass_ = simpson_weights(next.limit_);
  const double step = std::sqrt(blocks - blocks_);
  for (std::size_t i = 0; i < kPoints; ++i) {
    double sum = 0;
    if (mass_.empty()) {
      sum = density(next.at(i) / step) / step;
    } else {
      for (std::size_t j = 0; j < mass_.size(); ++j) {
        sum += mass_[j] * density((next.at(i) - at(j)) / step) / step;
      }
    }
    next.mass_[i] *= sum;
  }
  *this = next;
}

}  // namespace gnomon::stats
