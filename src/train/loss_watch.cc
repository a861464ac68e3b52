#include "train/loss_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gnomon::train {
namespace {

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::string LossWatch::add(std::int64_t step, double loss) {
  losses_.push_back(loss);
  if (losses_.size() < stretch_) return {};
  auto sentence = judge(step);
  losses_.clear();
  return sentence;
}

std::string LossWatch::judge(std::int64_t step) {
  const double middle = median(losses_);
  if (middle < best_) {
    constexpr double normal = 1.4826;  // standard deviations in a median absolute deviation
    for (auto& loss : losses_) loss = std::abs(loss - middle);
    best_ = middle;
    best_step_ = step;
    spread_ = normal * median(losses_);
    abnormal_ = false;
    return {};
  }
  const double excess = middle - best_;
  const bool was_abnormal = abnormal_;
  abnormal_ = excess > deviations_ * spread_ && excess > 0.1 * std::abs(best_);
  if (!abnormal_ || was_abnormal) return {};
  return fmt::format(
      "the loss rose: {:.4g} over the {} steps to {}, after {:.4g} at step {}; a smaller "
      "--learning-rate or --clip-norm may help",
      middle, stretch_, step, best_, best_step_);
}

}  // namespace gnomon::train
