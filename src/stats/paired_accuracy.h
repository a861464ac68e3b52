#pragma once

// Accuracy as a count of right answers. These intervals speak of ONE trained artefact and of images
// like those it was tested on; how accuracy varies from one training run to the next is another
// question, whose unit is the seed: compare paired seeds with stats/signed_rank.h.

#include <cstdint>
#include <span>

#include "stats/interval.h"

namespace gnomon::stats {

// Wilson's score interval of a proportion ("Probable inference, the law of succession, and
// statistical inference", JASA, 1927), without continuity correction: mean coverage is close to
// `confidence` also near 0 and 1. total ≥ 1, 0 ≤ right ≤ total.
Interval accuracy_interval(std::int64_t right, std::int64_t total, double confidence);

// Two artefacts tested on the same images. Images that both get right, or both wrong, say nothing
// of the difference.
struct PairedOutcomes {
  std::int64_t both_right = 0;
  std::int64_t only_subject_right = 0;
  std::int64_t only_baseline_right = 0;
  std::int64_t both_wrong = 0;

  std::int64_t total() const {
    return both_right + only_subject_right + only_baseline_right + both_wrong;
  }
  bool operator==(const PairedOutcomes&) const = default;
};

// Counts the pairs: entry i is whether the artefact was right on image i (non-zero: right). Equal
// lengths.
PairedOutcomes count_outcomes(std::span<const std::uint8_t> subject,
                              std::span<const std::uint8_t> baseline);

struct AccuracyComparison {
  Interval difference;  // accuracy of the subject − accuracy of the baseline
  double p_value = 1;   // of "equally accurate"
};

// p value: McNemar's test ("Note on the sampling error of the difference between correlated
// proportions", Psychometrika, 1947) in its exact, binomial form. Interval: Bonett and Price
// ("Adjusted Wald confidence interval for a difference of binomial proportions based on paired
// data", JEBS, 2012), one of those that Fagerland, Lydersen and Laake (Statistics in Medicine,
// 2014) recommend. Being made differently, the two may disagree at the very edge of significance.
// At least one image.
AccuracyComparison compare_accuracy(const PairedOutcomes& outcomes, double confidence);

}  // namespace gnomon::stats
