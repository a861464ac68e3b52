#pragma once

// From replicates to a decision: pure functions of what was recorded, so that a resumed study and a
// stored one say the same.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "machine/mapping.h"
#include "stats/verdict.h"
#include "study/report_data.h"
#include "study/specification.h"

namespace gnomon::study {

// What is known of the artefact behind one configuration; empty without stages that assess.
struct Assessment {
  std::map<std::string, double> measures;
  std::vector<std::uint8_t> correct;  // one per item: was the answer right
};

// Everything an analysis reads. All blocks are complete.
struct Evidence {
  Study study;
  std::vector<Configuration> configurations;
  std::vector<Replicate> replicates;
  std::vector<Assessment> assessments;  // one per configuration
  int twin = 0;                         // the configuration that the A/A arm repeats
  int most_blocks = 0;                  // fixed after the pilot
  std::optional<machine::Mapping> price;

  int blocks() const;
};

// log(subject ÷ baseline) of a measure, one per block. An arm that did not finish is infinitely
// bad; NaN where neither did.
std::vector<double> log_ratios(const Evidence& evidence, const Measure& measure, int subject,
                               int baseline);
// The same for the A/A arm: log(twin ÷ original).
std::vector<double> self_log_ratios(const Evidence& evidence, const Measure& measure);

// The log ratios, to the first configuration, of the arm in which they spread the most: the pilot
// by which the number of blocks is planned. Arms that did not always finish do not count.
std::vector<double> noisiest_ratios(const Evidence& evidence, const Measure& measure);

stats::Design design_for(const Study& study, const Measure& measure, int most_blocks);
stats::Schedule schedule_for(const Evidence& evidence, const Measure& measure);

// The comparison of two configurations on a measure of any source.
stats::Comparison compare_configurations(const Evidence& evidence, const Measure& measure,
                                         int subject, int baseline);

// One measure of one configuration: the median over blocks with its interval, or the property of
// the artefact. Nothing if no replicate finished.
std::optional<stats::Interval> estimate(const Evidence& evidence, const Measure& measure,
                                        int configuration, double confidence);

SelfComparison compare_with_itself(const Evidence& evidence);

// The whole report but for `stopped`, the price and the provenance. `settled` says whether more
// blocks could change nothing: every comparison with the chosen configuration has ended.
struct Analysis {
  Report report;
  bool settled = false;
};
Analysis analyse(const Evidence& evidence);

}  // namespace gnomon::study
