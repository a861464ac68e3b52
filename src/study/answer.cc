#include "study/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/multiple.h"
#include "study/quantity.h"

namespace gnomon::study {
namespace {

std::string percent_digits(double share) {
  const double value = std::abs(share) * 100;
  if (!std::isfinite(value)) return "∞";
  return value >= 10 ? fmt::format("{:.0f}", value) : fmt::format("{:.2g}", value);
}

const Measure& objective_of(const Evidence& evidence) {
  return evidence.study.measure(evidence.study.objectives.front());
}

const ConfigurationReport& at(const Report& report, int id) {
  return report.configurations[static_cast<std::size_t>(id)];
}

// The best feasible configuration besides the chosen one; nullptr if it is alone.
const ConfigurationReport* runner_up(const Evidence& evidence, const Report& report) {
  const Measure& objective = objective_of(evidence);
  const double sign = objective.goal == Goal::maximise ? -1 : 1;
  const ConfigurationReport* best = nullptr;
  const auto value = [&](const ConfigurationReport& c) {
    return sign * c.measures.at(objective.name).estimate;
  };
  for (const auto& c : report.configurations) {
    if (!c.feasible || !c.against_chosen || !c.measures.contains(objective.name)) continue;
    if (best == nullptr || value(c) < value(*best)) best = &c;
  }
  return best;
}

// "price per million images is 18 % higher (95 % interval 15–21 %)"
std::string difference(const Evidence& evidence, const stats::Interval& ratio) {
  const double confidence = evidence.study.method.confidence;
  return fmt::format("{} is {} {} ({:.0f} % interval {})", objective_of(evidence).label,
                     percent(ratio.estimate - 1), ratio.estimate >= 1 ? "higher" : "lower",
                     confidence * 100, percent_range(ratio.low - 1, ratio.high - 1));
}

std::string precision(const stats::Interval& interval) {
  if (interval.estimate == 0 || interval.low == interval.high) return "";
  return fmt::format(" (±{})", percent(interval.half_width() / interval.estimate));
}

// "$0.00068 per million images (±1.1 %), accuracy 0.893": the objectives, then what is constrained.
std::string facts(const Evidence& evidence, const ConfigurationReport& chosen) {
  std::vector<std::string> told = evidence.study.objectives;
  for (const Constraint& constraint : evidence.study.constraints)
    if (std::find(told.begin(), told.end(), constraint.measure) == told.end())
      told.push_back(constraint.measure);
  std::string text;
  for (const std::string& name : told) {
    const auto found = chosen.measures.find(name);
    if (found == chosen.measures.end()) continue;
    const Measure& measure = evidence.study.measure(name);
    const std::string words = to_words(measure, found->second.estimate);
    text += text.empty() ? "" : ", ";
    if (name == "throughput")
      text += words;
    else if (name == "cost.per_million")
      text += words + " per million images";
    else
      text += measure.label + " " + words;
    if (measure.source != Source::artefact) text += precision(found->second);
  }
  return text;
}

std::string comparison_with(const Evidence& evidence, const ConfigurationReport& next) {
  const std::string& verdict = next.against_chosen->verdict;
  const auto& ratio = next.against_chosen->ratio;
  const std::string who = phrase(evidence, next.id);
  if (verdict == "worse")
    return fmt::format("it beats the next best, {}, whose {}", who, difference(evidence, ratio));
  if (verdict == "equivalent")
    return fmt::format("{} is as good within {}", who, percent(evidence.study.method.margin));
  return fmt::format("the next best, {}, could not be told apart from it: its {}", who,
                     difference(evidence, ratio));
}

std::string no_answer(const Report& report) {
  const bool measured = std::any_of(report.configurations.begin(), report.configurations.end(),
                                    [](const auto& c) { return c.blocks > 0; });
  if (!measured) return "No answer: no run finished.";
  std::string closest;
  for (const auto& c : report.constraints) closest += (closest.empty() ? "" : " and ") + c;
  return fmt::format("No configuration satisfies {}.", closest);
}

// How far a value is from satisfying a constraint.
double distance(const Constraint& constraint, const ConfigurationReport& c) {
  const auto found = c.measures.find(constraint.measure);
  return found == c.measures.end() ? std::numeric_limits<double>::infinity()
                                   : std::abs(found->second.estimate - constraint.bound);
}

// One line per constraint, however many configurations violate it.
void add_violations(const Evidence& evidence, Report& report) {
  for (const Constraint& constraint : evidence.study.constraints) {
    const ConfigurationReport* closest = nullptr;
    int out = 0;
    for (const auto& c : report.configurations) {
      if (std::find(c.violated.begin(), c.violated.end(), constraint.text) == c.violated.end())
        continue;
      ++out;
      if (closest == nullptr || distance(constraint, c) < distance(constraint, *closest))
        closest = &c;
    }
    if (out == 0) continue;
    const auto found = closest->measures.find(constraint.measure);
    const std::string value =
        found == closest->measures.end()
            ? "nothing"
            : to_words(evidence.study.measure(constraint.measure), found->second.estimate);
    const std::string who = phrase(evidence, closest->id);
    report.answer.reasons.push_back(
        out == 1 ? fmt::format("{} is out: it violates {} with {}.", who, constraint.text, value)
                 : fmt::format("{} of {} configurations are out: they violate {}; the closest is "
                               "{} with {}.",
                               out, report.configurations.size(), constraint.text, who, value));
  }
}

// The feasible rivals with one verdict, the closest to the chosen configuration first.
std::vector<const ConfigurationReport*> rivals(const Evidence& evidence, const Report& report,
                                               std::string_view verdict) {
  const double sign = objective_of(evidence).goal == Goal::maximise ? -1 : 1;
  std::vector<const ConfigurationReport*> found;
  for (const auto& c : report.configurations)
    if (c.feasible && c.against_chosen && c.against_chosen->verdict == verdict) found.push_back(&c);
  std::stable_sort(found.begin(), found.end(), [&](const auto* a, const auto* b) {
    return sign * a->against_chosen->ratio.estimate < sign * b->against_chosen->ratio.estimate;
  });
  return found;
}

constexpr std::size_t kToldInWords = 3;

// A sentence for each of the closest rivals, one for all the others. `sentence` takes the rival and
// the difference; `others` their number and the difference of the closest of them.
void add_rivals(const Evidence& evidence, const std::vector<const ConfigurationReport*>& found,
                fmt::format_string<std::string, std::string> sentence,
                fmt::format_string<std::size_t, std::string> others,
                std::vector<std::string>& sentences) {
  // One left over is told like the rest: a summary of it would be no shorter.
  const std::size_t told = found.size() <= kToldInWords + 1 ? found.size() : kToldInWords;
  for (std::size_t i = 0; i < told; ++i)
    sentences.push_back(fmt::format(sentence, phrase(evidence, found[i]->id),
                                    difference(evidence, found[i]->against_chosen->ratio)));
  if (told < found.size())
    sentences.push_back(fmt::format(others, found.size() - told,
                                    percent(found[told]->against_chosen->ratio.estimate - 1)));
}

void add_comparisons(const Evidence& evidence, Report& report) {
  Answer& answer = report.answer;
  add_rivals(evidence, rivals(evidence, report, "worse"), "It beats {}, whose {}.",
             "It beats {} more, by {} or more.", answer.reasons);
  add_rivals(evidence, rivals(evidence, report, "equivalent"), "{} is as good: its {}.",
             "{} more are as good, the closest within {}.", answer.reasons);
  add_rivals(evidence, rivals(evidence, report, "undecided"),
             "{} could not be told apart from it: its {}.",
             "{} more could not be told apart from it, the closest of them {} away.",
             answer.undecided);
}

// A constraint whose bound lies inside the chosen configuration's interval.
void add_doubtful_constraints(const Evidence& evidence, const ConfigurationReport& chosen,
                              Report& report) {
  for (const Constraint& constraint : evidence.study.constraints) {
    const auto& interval = chosen.measures.at(constraint.measure);
    if (interval.low < constraint.bound && constraint.bound < interval.high)
      report.answer.undecided.push_back(fmt::format(
          "Whether {} holds is not certain: {} with {:.3g} to {:.3g} possible.", constraint.text,
          to_words(evidence.study.measure(constraint.measure), interval.estimate), interval.low,
          interval.high));
  }
}

void add_censored(const Report& report, Answer& answer) {
  for (const auto& c : report.configurations)
    if (c.censored > 0)
      answer.undecided.push_back(fmt::format(
          "{} of {} runs of {} failed or timed out; they are kept and count as slowest.",
          c.censored, c.censored + c.blocks, c.label));
}

std::string self_warning(const Evidence& evidence, const Report& report) {
  for (const auto& [measure, ratio] : report.aa.effect)
    if (!ratio.contains(1))
      return fmt::format(
          "WARNING: the A/A check failed: {} differs from itself by {} in {} ({}); "
          "do not trust differences of that size, find out what disturbs this host "
          "and measure again.",
          phrase(evidence, report.aa.configuration), percent(ratio.estimate - 1), measure,
          percent_range(ratio.low - 1, ratio.high - 1));
  return "";
}

}  // namespace

std::string percent(double share) { return percent_digits(share) + " %"; }

std::string percent_range(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high) || low <= -1)
    return "too wide to say: more blocks are needed";
  if (low >= 0) return fmt::format("{}–{} %", percent_digits(low), percent_digits(high));
  if (high <= 0) return fmt::format("{}–{} %", percent_digits(high), percent_digits(low));
  return fmt::format("−{} to +{} %", percent_digits(low), percent_digits(high));
}

std::string phrase(const Evidence& evidence, int configuration) {
  const Configuration& c = evidence.configurations[static_cast<std::size_t>(configuration)];
  std::string words, numbers, places;
  for (std::size_t i = 0; i < c.values.size(); ++i) {
    const std::string& knob = evidence.study.knobs[i].name;
    const std::string& value = c.values[i];
    if (!parse_number(value))
      words += (words.empty() ? "" : ", ") + value;
    else if (knob == "threads")
      places += fmt::format(" on {} thread{}", value, value == "1" ? "" : "s");
    else
      numbers += fmt::format("{}{} {}", numbers.empty() ? " at " : " and ", knob, value);
  }
  const std::string text = words + numbers + places;
  if (text.empty()) return c.label;
  return text.starts_with(' ') ? text.substr(text.find(' ', 1) + 1) : text;
}

void write_answer(const Evidence& evidence, Report& report) {
  Answer& answer = report.answer;
  if (!answer.chosen) {
    answer.sentence = no_answer(report);
  } else {
    const ConfigurationReport& chosen = at(report, *answer.chosen);
    answer.sentence = fmt::format("{} {}: {}", evidence.study.stages.empty() ? "Choose" : "Ship",
                                  phrase(evidence, chosen.id), facts(evidence, chosen));
    if (const auto* next = runner_up(evidence, report))
      answer.sentence += "; " + comparison_with(evidence, *next);
    answer.sentence += ".";
    add_comparisons(evidence, report);
    add_doubtful_constraints(evidence, chosen, report);
  }
  add_violations(evidence, report);
  add_censored(report, answer);
  if (const std::string warning = self_warning(evidence, report); !warning.empty()) {
    answer.sentence += " " + warning;
    answer.undecided.insert(answer.undecided.begin(), warning);
  }
}

}  // namespace gnomon::study
