#pragma once

// Notices when a loss leaves its own history: compares the median of the latest stretch of losses
// with the best stretch so far, in units of that one's spread.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace gnomon::train {

// Losses fluctuate from batch to batch and fall over time; both are normal. A stretch is abnormal
// if its median lies above the best stretch's by more than `deviations` of that one's standard
// deviations (by the median absolute deviation, which outliers do not move) and more than a tenth
// of it.
class LossWatch {
 public:
  explicit LossWatch(std::size_t stretch = 50, double deviations = 6)
      : stretch_(stretch), deviations_(deviations) {}

  // Takes the loss of the next step. Returns a sentence when an abnormal time begins, else nothing.
  std::string add(std::int64_t step, double loss);

 private:
  std::string judge(std::int64_t step);

  std::size_t stretch_;
  double deviations_;
  std::vector<double> losses_;  // of the stretch under way
  double best_ = std::numeric_limits<double>::infinity(), spread_ = 0;
  std::int64_t best_step_ = 0;
  bool abnormal_ = false;
};

}  // namespace gnomon::train
