#include "stats/paired_accuracy.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "base/error.h"

namespace gnomon::stats {
namespace {

double two_sided_normal(double confidence) {
  GNOMON_CHECK(confidence > 0 && confidence < 1, "confidence {}", confidence);
  return boost::math::quantile(complement(boost::math::normal(), (1 - confidence) / 2));
}

double exact_mcnemar(const PairedOutcomes& outcomes) {
  const auto discordant =
      static_cast<double>(outcomes.only_subject_right + outcomes.only_baseline_right);
  if (discordant == 0) return 1;
  const auto fewer =
      static_cast<double>(std::min(outcomes.only_subject_right, outcomes.only_baseline_right));
  return std::min(1.0, 2 * cdf(boost::math::binomial(discordant, 0.5), fewer));
}

}  // namespace

Interval accuracy_interval(std::int64_t right, std::int64_t total, double confidence) {
  GNOMON_CHECK(total >= 1 && right >= 0 && right <= total, "{} right of {}", right, total);
  const double z = two_sided_normal(confidence);
  const auto n = static_cast<double>(total);
  const double p = static_cast<double>(right) / n;
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {p, std::max(0.0, centre - half), std::min(1.0, centre + half), confidence};
}

PairedOutcomes count_outcomes(std::span<const std::uint8_t> subject,
                              std::span<const std::uint8_t> baseline) {
  GNOMON_CHECK(subject.size() == baseline.size(), "{} and {} outcomes", subject.size(),
               baseline.size());
  PairedOutcomes outcomes;
  for (std::size_t i = 0; i < subject.size(); ++i) {
    if (subject[i] != 0) {
      ++(baseline[i] != 0 ? outcomes.both_right : outcomes.only_subject_right);
    } else {
      ++(baseline[i] != 0 ? outcomes.only_baseline_right : outcomes.both_wrong);
    }
  }
  return outcomes;
}

AccuracyComparison compare_accuracy(const PairedOutcomes& outcomes, double confidence) {
  GNOMON_CHECK(outcomes.total() >= 1, "accuracies on no images");
  const double z = two_sided_normal(confidence);
  const auto n = static_cast<double>(outcomes.total());
  const auto gained = static_cast<double>(outcomes.only_subject_right);
  const auto lost = static_cast<double>(outcomes.only_baseline_right);

  // Half an image more in each of the four cells of the table makes one more in each margin.
  const double gain = (gained + 1) / (n + 2);
  const double loss = (lost + 1) / (n + 2);
  const double centre = gain - loss;
  const double half = z * std::sqrt((gain + loss - centre * centre) / (n + 2));
  return {{(gained - lost) / n, std::max(-1.0, centre - half), std::min(1.0, centre + half),
           confidence},
          exact_mcnemar(outcomes)};
}

}  // namespace gnomon::stats
