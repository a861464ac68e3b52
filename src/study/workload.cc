#include "study/workload.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::study {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_knob(const Study& study, const std::string& name) {
  return std::any_of(study.knobs.begin(), study.knobs.end(),
                     [&](const Knob& knob) { return knob.name == name; });
}

// " --epochs 2 --precision {precision}": what is set, and what is a knob under `prefix`.
std::string options(const Study& study, const std::vector<std::string>& known,
                    const std::map<std::string, std::string>& set, const std::string& prefix) {
  std::string text;
  for (const std::string& option : known) {
    const std::string knob = option == "precision" ? option : prefix + option;
    if (is_knob(study, knob))
      text += fmt::format(" --{} {{{}}}", option, knob);
    else if (const auto value = set.find(option); value != set.end())
      text += fmt::format(" --{} {}", option, value->second);
  }
  return text;
}

void check_knobs(const Study& study) {
  std::vector<std::string> known = evaluate_options();
  for (const auto& option : train_options()) known.push_back("train." + option);
  for (const Knob& knob : study.knobs)
    if (!contains(known, knob.name))
      throw InputError("knobs: '{}' is no option of this workload; {}", knob.name,
                       suggest(knob.name, known));
}

}  // namespace

const std::vector<std::string>& train_options() {
  static const std::vector<std::string> names = {
      "precision", "epochs",       "steps",  "batch",     "examples", "optimiser",
      "schedule",  "warmup",       "crop",   "clip-norm", "average",  "learning-rate",
      "momentum",  "weight-decay", "beta1",  "beta2",     "dropout",  "label-smoothing",
      "context",   "merges",       "layers", "features",  "heads"};
  return names;
}

const std::vector<std::string>& evaluate_options() {
  static const std::vector<std::string> names = {"precision", "batch", "threads", "seconds"};
  return names;
}

void expand_workload(const Workload& workload, Study& study) {
  check_knobs(study);
  const std::string evaluate =
      fmt::format("gnomon evaluate --model-file {{stage.train}} --data {}", workload.data);
  study.stages.push_back(
      {"train",
       fmt::format("gnomon train {} --data {}{} --seed {{seed}} --run none --out {{artefact}}",
                   workload.model, workload.data,
                   options(study, train_options(), workload.train, "train.")),
       {}});
  study.stages.push_back({"assess",
                          evaluate + options(study, {"precision"}, workload.evaluate, "") +
                              " --predictions {predictions} --json",
                          {}});
  study.command =
      evaluate + options(study, evaluate_options(), workload.evaluate, "") + " --throughput --json";
}

}  // namespace gnomon::study
