#pragma once

// What a study's report is made from. The field names are those of web/report/src/data.ts, which
// says what each means; to_json writes exactly that, report_from_json reads it back.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "stats/interval.h"

namespace gnomon::study {

struct AgainstChosen {
  stats::Interval ratio;
  double adjusted_p = 1;
  std::string verdict;
};

struct ConfigurationReport {
  int id = 0;
  std::map<std::string, std::string> knobs;
  std::string label;
  int blocks = 0;
  int censored = 0;
  std::map<std::string, stats::Interval> measures;
  bool feasible = true;
  std::vector<std::string> violated;
  double front_probability = 0;
  std::optional<AgainstChosen> against_chosen;
};

// One replicate: fresh processes, in one block, of one configuration.
struct Replicate {
  int block = 0;
  int position = 0;
  int configuration = 0;
  bool aa = false;
  std::string started;
  double wall = 0;
  std::string outcome = "ok";  // "failed", "timeout"
  std::map<std::string, double> values;
};

struct MeasureReport {
  std::string name, unit, label, goal, source;
};

struct Answer {
  std::optional<int> chosen;
  std::string sentence;
  std::vector<std::string> reasons;
  std::vector<std::string> undecided;
  std::string stopped;
};

struct SelfComparison {
  int configuration = 0;
  std::map<std::string, stats::Interval> effect;
  bool passed = true;
  std::map<std::string, double> lag1;
};

struct PriceReport {
  std::string sku;
  double dollars_per_hour = 0;
  std::string date, source, mapping;
};

struct Report {
  std::string study, question;
  Answer answer;
  std::vector<std::string> objectives;
  std::vector<std::string> constraints;
  std::vector<MeasureReport> measures;
  std::vector<ConfigurationReport> configurations;
  stats::Interval hypervolume;  // share of the box of the objectives that the front dominates
  std::vector<Replicate> replicates;
  SelfComparison aa;
  std::optional<PriceReport> price;
  std::map<std::string, std::string> provenance;
  std::map<std::string, std::string> method;
};

}  // namespace gnomon::study
