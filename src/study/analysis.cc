#include "study/analysis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cost/price.h"
#include "stats/autocorrelation.h"
#include "stats/censored.h"
#include "stats/multiple.h"
#include "stats/paired_accuracy.h"
#include "stats/pareto.h"
#include "stats/quantile.h"
#include "stats/signed_rank.h"
#include "study/answer.h"

namespace gnomon::study {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::optional<double> value_of(const Evidence& evidence, const Measure& measure,
                               const Replicate& replicate) {
  const bool priced = measure.name == "cost.per_million" && evidence.price;
  const auto found = replicate.values.find(priced ? "throughput" : measure.name);
  if (replicate.outcome != "ok" || found == replicate.values.end()) return std::nullopt;
  if (!priced) return found->second;
  return cost::cost_per_million(cost::ItemRate(found->second), *evidence.price).amount.value;
}

// What stands for a run that did not finish.
double worst(const Measure& measure) { return measure.goal == Goal::maximise ? 0 : kInfinity; }

// The values of one arm by block; nothing where it did not finish.
std::vector<std::optional<double>> series(const Evidence& evidence, const Measure& measure,
                                          int configuration, bool twin) {
  std::vector<std::optional<double>> values(static_cast<std::size_t>(evidence.blocks()));
  for (const Replicate& r : evidence.replicates)
    if (r.configuration == configuration && r.aa == twin)
      values[static_cast<std::size_t>(r.block)] = value_of(evidence, measure, r);
  return values;
}

std::vector<double> log_ratios(const std::vector<std::optional<double>>& subject,
                               const std::vector<std::optional<double>>& baseline, Goal goal) {
  // Where large is good the reciprocals are compared, so that a run that did not finish ranks last.
  const double sign = goal == Goal::maximise ? -1 : 1;
  const auto observation = [&](const std::optional<double>& value) {
    return stats::Observation{value ? std::pow(*value, sign) : 1.0, !value};
  };
  std::vector<double> result;
  for (std::size_t i = 0; i < subject.size(); ++i)
    result.push_back(sign *
                     stats::censored_log_ratio(observation(subject[i]), observation(baseline[i])));
  return result;
}

const double* assessed(const Evidence& evidence, const Measure& measure, int configuration) {
  const auto& measures = evidence.assessments[static_cast<std::size_t>(configuration)].measures;
  const auto found = measures.find(measure.name);
  return found == measures.end() ? nullptr : &found->second;
}

const std::vector<std::uint8_t>& correct(const Evidence& evidence, int configuration) {
  return evidence.assessments[static_cast<std::size_t>(configuration)].correct;
}

// Two artefacts: the paired test over items where there are any, else the bare ratio.
stats::Comparison compare_artefacts(const Evidence& evidence, const Measure& measure, int subject,
                                    int baseline) {
  const double* a = assessed(evidence, measure, subject);
  const double* b = assessed(evidence, measure, baseline);
  stats::Comparison result;
  result.stop = stats::StopReason::exhausted;
  if (a == nullptr || b == nullptr || *a <= 0 || *b <= 0) return result;
  const double ratio = std::log(*a / *b);
  result.interval = {ratio, ratio, ratio, evidence.study.method.confidence};
  const auto &x = correct(evidence, subject), &y = correct(evidence, baseline);
  if (measure.name == "accuracy" && !x.empty() && x.size() == y.size()) {
    const auto paired =
        stats::compare_accuracy(stats::count_outcomes(x, y), evidence.study.method.confidence);
    const auto log_of = [&](double difference) {
      return std::log(std::max(1e-9, 1 + difference / *b));
    };
    result.interval.low = log_of(paired.difference.low);
    result.interval.high = log_of(paired.difference.high);
    result.p_value = paired.p_value;
  }
  result.repeated = result.interval;
  result.verdict = stats::verdict(result.interval, design_for(evidence.study, measure, 1));
  return result;
}

void add_measures(const Evidence& evidence, ConfigurationReport& report, double confidence) {
  report.measures.clear();
  for (const Measure& measure : evidence.study.measures)
    if (const auto interval = estimate(evidence, measure, report.id, confidence))
      report.measures[measure.name] = *interval;
}

ConfigurationReport describe(const Evidence& evidence, const Configuration& configuration) {
  ConfigurationReport report;
  report.id = configuration.id;
  report.label = configuration.label;
  for (std::size_t i = 0; i < configuration.values.size(); ++i)
    report.knobs[evidence.study.knobs[i].name] = configuration.values[i];
  for (const Replicate& r : evidence.replicates) {
    if (r.configuration != configuration.id || r.aa) continue;
    report.blocks += r.outcome == "ok" ? 1 : 0;
    report.censored += r.outcome == "ok" ? 0 : 1;
  }
  add_measures(evidence, report, evidence.study.method.confidence);
  for (const Constraint& constraint : evidence.study.constraints) {
    const auto found = report.measures.find(constraint.measure);
    if (found == report.measures.end() || !constraint.satisfied_by(found->second.estimate))
      report.violated.push_back(constraint.text);
  }
  report.feasible = report.violated.empty();
  return report;
}

// The feasible configuration with the best estimate of the first objective.
std::optional<int> choose(const Evidence& evidence,
                          const std::vector<ConfigurationReport>& reports) {
  const Measure& objective = evidence.study.measure(evidence.study.objectives.front());
  std::optional<int> best;
  double best_value = kInfinity;
  for (const auto& report : reports) {
    const auto found = report.measures.find(objective.name);
    if (!report.feasible || found == report.measures.end()) continue;
    const double value =
        objective.goal == Goal::maximise ? -found->second.estimate : found->second.estimate;
    if (value < best_value) best = report.id, best_value = value;
  }
  return best;
}

// The comparison's interval, adjusted for its baseline having been chosen by the same data.
stats::Interval adjusted(const Evidence& evidence, const Measure& objective,
                         const stats::Comparison& comparison, int subject, int chosen) {
  if (objective.source == Source::artefact) return comparison.interval;
  const double level = schedule_for(evidence, objective).at(evidence.blocks()).final_level;
  return stats::chosen_interval(log_ratios(evidence, objective, subject, chosen), level,
                                static_cast<int>(evidence.configurations.size()));
}

// Compares every configuration with the chosen one. The verdict is that of the adjusted interval,
// and a difference must also pass the false discovery rate. Returns whether more blocks could
// change nothing.
bool compare_all(const Evidence& evidence, int chosen, std::vector<ConfigurationReport>& reports) {
  const Measure& objective = evidence.study.measure(evidence.study.objectives.front());
  const auto design = design_for(evidence.study, objective, evidence.most_blocks);
  std::vector<double> p_values;
  std::vector<std::optional<stats::StopReason>> stops;
  std::vector<ConfigurationReport*> others;
  for (auto& report : reports) {
    report.against_chosen.reset();
    if (report.id == chosen) continue;
    const auto comparison = compare_configurations(evidence, objective, report.id, chosen);
    const auto interval = adjusted(evidence, objective, comparison, report.id, chosen);
    report.against_chosen =
        AgainstChosen{stats::exponential(interval), 1,
                      std::string(stats::to_string(stats::verdict(interval, design)))};
    p_values.push_back(comparison.p_value);
    stops.push_back(comparison.stop);
    others.push_back(&report);
  }
  const auto adjusted_p = stats::benjamini_hochberg(p_values);
  bool settled = !others.empty();  // alone, only the plan says when enough is measured
  for (std::size_t i = 0; i < others.size(); ++i) {
    AgainstChosen& against = *others[i]->against_chosen;
    against.adjusted_p = adjusted_p[i];
    if (adjusted_p[i] > design.alpha && (against.verdict == "better" || against.verdict == "worse"))
      against.verdict = "undecided";
    const bool narrow = stops[i] == stats::StopReason::half_width;
    settled = settled && (!others[i]->feasible || against.verdict != "undecided" || narrow);
  }
  return settled;
}

// Chosen by medians, a configuration may yet lose to another block by block: then that is chosen.
bool choose_and_compare(const Evidence& evidence, std::vector<ConfigurationReport>& reports,
                        int& chosen) {
  bool settled = compare_all(evidence, chosen, reports);
  for (std::size_t turn = 0; turn < reports.size(); ++turn) {
    const auto better = std::find_if(reports.begin(), reports.end(), [](const auto& report) {
      return report.feasible && report.against_chosen && report.against_chosen->verdict == "better";
    });
    if (better == reports.end()) break;
    chosen = better->id;
    settled = compare_all(evidence, chosen, reports);
  }
  return settled;
}

std::vector<double> pareto_values(const Evidence& evidence, const Measure& measure,
                                  int configuration) {
  if (measure.source == Source::artefact) {
    const double* value = assessed(evidence, measure, configuration);
    return {value == nullptr ? worst(measure) : *value};
  }
  std::vector<double> values;
  for (const auto& value : series(evidence, measure, configuration, false))
    values.push_back(value.value_or(worst(measure)));
  return values;
}

void add_front(const Evidence& evidence, Report& report) {
  std::vector<stats::Measure> measures;
  std::vector<stats::Candidate> candidates(report.configurations.size());
  for (const Measure& measure : evidence.study.measures) {
    const auto& objectives = evidence.study.objectives;
    stats::Measure m;
    m.direction = measure.goal == Goal::maximise ? stats::Direction::higher_is_better
                                                 : stats::Direction::lower_is_better;
    m.on_front = std::find(objectives.begin(), objectives.end(), measure.name) != objectives.end();
    for (const Constraint& c : evidence.study.constraints) {
      if (c.measure != measure.name) continue;
      if (c.relation == Relation::at_least || c.relation == Relation::above)
        m.at_least = std::max(c.bound, m.at_least.value_or(c.bound));
      else
        m.at_most = std::min(c.bound, m.at_most.value_or(c.bound));
    }
    if (!m.on_front && !m.at_least && !m.at_most) continue;
    measures.push_back(m);
    for (std::size_t i = 0; i < candidates.size(); ++i)
      candidates[i].values.push_back(pareto_values(evidence, measure, static_cast<int>(i)));
  }
  const auto front = stats::pareto_front(candidates, measures, evidence.study.method.confidence,
                                         evidence.study.method.seed);
  for (std::size_t i = 0; i < report.configurations.size(); ++i)
    report.configurations[i].front_probability = front.standings[i].on_front;
  report.hypervolume = front.hypervolume;
}

}  // namespace

int Evidence::blocks() const {
  int blocks = 0;
  for (const Replicate& r : replicates) blocks = std::max(blocks, r.block + 1);
  return blocks;
}

std::vector<double> log_ratios(const Evidence& evidence, const Measure& measure, int subject,
                               int baseline) {
  return log_ratios(series(evidence, measure, subject, false),
                    series(evidence, measure, baseline, false), measure.goal);
}

std::vector<double> self_log_ratios(const Evidence& evidence, const Measure& measure) {
  return log_ratios(series(evidence, measure, evidence.twin, true),
                    series(evidence, measure, evidence.twin, false), measure.goal);
}

std::vector<double> noisiest_ratios(const Evidence& evidence, const Measure& measure) {
  const auto spread = [](const std::vector<double>& ratios) {
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    return *high - *low;
  };
  std::vector<double> noisiest = self_log_ratios(evidence, measure);
  for (std::size_t i = 1; i < evidence.configurations.size(); ++i) {
    auto ratios = log_ratios(evidence, measure, static_cast<int>(i), 0);
    const bool finished = std::all_of(ratios.begin(), ratios.end(),
                                      [](double ratio) { return std::isfinite(ratio); });
    if (finished && !(spread(ratios) <= spread(noisiest))) noisiest = std::move(ratios);
  }
  return noisiest;
}

stats::Design design_for(const Study& study, const Measure& measure, int most_blocks) {
  stats::Design design;
  design.direction = measure.goal == Goal::maximise ? stats::Direction::higher_is_better
                                                    : stats::Direction::lower_is_better;
  design.alpha = 1 - study.method.confidence;
  design.half_width = study.method.half_width;
  design.margin = study.method.margin;
  design.max_blocks = std::max(1, most_blocks);
  design.min_blocks = std::min(study.method.least_blocks, design.max_blocks);
  design.stop_when_decided = study.method.stop_when_decided;
  return design;
}

stats::Schedule schedule_for(const Evidence& evidence, const Measure& measure) {
  const auto design = design_for(evidence.study, measure, evidence.most_blocks);
  return stats::Schedule(design, design.max_blocks);
}

stats::Comparison compare_configurations(const Evidence& evidence, const Measure& measure,
                                         int subject, int baseline) {
  if (measure.source == Source::artefact)
    return compare_artefacts(evidence, measure, subject, baseline);
  const auto ratios = log_ratios(evidence, measure, subject, baseline);
  return stats::compare(ratios, design_for(evidence.study, measure, evidence.most_blocks),
                        schedule_for(evidence, measure), evidence.study.method.seed);
}

std::optional<stats::Interval> estimate(const Evidence& evidence, const Measure& measure,
                                        int configuration, double confidence) {
  if (measure.source == Source::artefact) {
    const double* value = assessed(evidence, measure, configuration);
    if (value == nullptr) return std::nullopt;
    const auto& right = correct(evidence, configuration);
    if (measure.name != "accuracy" || right.empty())
      return stats::Interval{*value, *value, *value, confidence};
    return stats::accuracy_interval(
        std::count_if(right.begin(), right.end(), [](std::uint8_t r) { return r != 0; }),
        static_cast<std::int64_t>(right.size()), confidence);
  }
  std::vector<double> values;
  for (const auto& value : series(evidence, measure, configuration, false))
    values.push_back(value.value_or(worst(measure)));
  if (values.empty()) return std::nullopt;
  const auto interval = stats::quantile_interval(values, 0.5, confidence);
  if (interval.estimate == worst(measure)) return std::nullopt;
  return interval;
}

SelfComparison compare_with_itself(const Evidence& evidence) {
  SelfComparison self;
  self.configuration = evidence.twin;
  // Ratios are taken of what is decided on; other measures may be zero.
  const auto is_compared = [](const Measure& m) {
    return m.source == Source::blocks && m.goal != Goal::none;
  };
  const auto measured =
      std::count_if(evidence.study.measures.begin(), evidence.study.measures.end(), is_compared);
  for (const Measure& measure : evidence.study.measures) {
    if (!is_compared(measure)) continue;
    const auto ratios = self_log_ratios(evidence, measure);
    // Each of several measures may fail by chance: their intervals share the error.
    const double level = schedule_for(evidence, measure).at(evidence.blocks()).final_level;
    const auto interval =
        stats::chosen_interval(ratios, level, static_cast<int>(std::max<long>(1, measured)));
    self.effect[measure.name] = stats::exponential(interval);
    self.passed = self.passed && interval.contains(0);
    std::vector<double> finite;
    for (const double ratio : ratios)
      if (std::isfinite(ratio)) finite.push_back(ratio);
    self.lag1[measure.name] = stats::lag_one_autocorrelation(finite);
  }
  return self;
}

Analysis analyse(const Evidence& evidence) {
  Analysis analysis;
  Report& report = analysis.report;
  const Study& study = evidence.study;
  report.study = study.name;
  report.question = study.question;
  report.objectives = study.objectives;
  for (const auto& constraint : study.constraints) report.constraints.push_back(constraint.text);
  for (const auto& m : study.measures)
    report.measures.push_back(
        {m.name, m.unit, m.label, std::string(name(m.goal)), std::string(name(m.source))});
  report.replicates = evidence.replicates;
  for (const auto& configuration : evidence.configurations)
    report.configurations.push_back(describe(evidence, configuration));
  report.aa = compare_with_itself(evidence);
  report.answer.chosen = choose(evidence, report.configurations);
  if (auto& chosen = report.answer.chosen) {
    analysis.settled = choose_and_compare(evidence, report.configurations, *chosen);
    const double alpha = 1 - study.method.confidence;
    add_measures(evidence, report.configurations[static_cast<std::size_t>(*chosen)],
                 1 - alpha / static_cast<double>(report.configurations.size()));
  }
  add_front(evidence, report);
  write_answer(evidence, report);
  return analysis;
}

}  // namespace gnomon::study
