#include "app/commands/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/progress.h"
#include "machine/catalogue.h"
#include "study/engine.h"
#include "study/export.h"
#include "study/provenance.h"
#include "study/quantity.h"

namespace gnomon::app {
namespace {

namespace fs = std::filesystem;

struct Options : StudyRun {
  std::string output;
  std::int64_t id = 0;
  bool csv = false;
};

// A file, or the name of a study that came with the program (beside its machines/).
fs::path find_study(const std::string& name) {
  if (fs::is_regular_file(name)) return name;
  const fs::path shipped = machine::catalogue_folder().parent_path() / "studies";
  const fs::path file = shipped / (name + ".yaml");
  if (fs::is_regular_file(file)) return file;
  std::vector<std::string> names;
  if (fs::is_directory(shipped))
    for (const auto& entry : fs::directory_iterator(shipped))
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  throw InputError("{}: there is no such file and no such study; {}", name, suggest(name, names));
}

study::Study read(const StudyRun& options) {
  study::Study study = study::read_study(find_study(options.study));
  if (!options.budget.empty()) {
    const auto budget = study::parse_seconds(options.budget);
    if (!budget || *budget <= Seconds(0))
      throw InputError("--budget {}: is not a duration; write it like 60s or 2min", options.budget);
    study.method.budget = *budget;
  }
  if (!options.blocks.empty()) {
    const auto range = study::parse_range(options.blocks);
    if (!range || range->first < 2 || range->second < range->first)
      throw InputError("--blocks {}: is not a range from 2 up; write it like 10..40",
                       options.blocks);
    study.method.least_blocks = range->first;
    study.method.most_blocks = range->second;
  }
  return study;
}

void print_list(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  fmt::print("\n{}\n", title);
  for (const auto& line : lines) fmt::print("  - {}\n", line);
}

study::Measure measure_of(const study::MeasureReport& m) {
  return {m.name, m.unit, m.label, study::Goal::none, study::Source::blocks, ""};
}

// The best configurations first by the deciding objective.
std::vector<const study::ConfigurationReport*> ranked(const study::Report& report) {
  std::vector<const study::ConfigurationReport*> order;
  for (const auto& c : report.configurations) order.push_back(&c);
  const std::string& objective = report.objectives.front();
  double sign = 1;
  for (const auto& m : report.measures)
    if (m.name == objective && m.goal == "maximise") sign = -1;
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    if (a->feasible != b->feasible) return a->feasible;
    const auto x = a->measures.find(objective), y = b->measures.find(objective);
    if (x == a->measures.end() || y == b->measures.end()) return x != a->measures.end();
    return sign * x->second.estimate < sign * y->second.estimate;
  });
  return order;
}

void print_table(const study::Report& report) {
  std::size_t width = 13;
  for (const auto& c : report.configurations) width = std::max(width, c.label.size() + 2);
  fmt::print("\n{:<{}}", "configuration", width);
  for (const auto& m : report.measures) fmt::print("{:>20}", m.name);
  fmt::print("{:>10}\n", "on front");
  for (const auto* c : ranked(report)) {
    fmt::print("{:<{}}", c->label, width);
    for (const auto& m : report.measures) {
      const auto found = c->measures.find(m.name);
      fmt::print("{:>20}", found == c->measures.end()
                               ? "–"
                               : study::to_words(measure_of(m), found->second.estimate));
    }
    fmt::print("{:>9.0f} %{}\n", c->front_probability * 100, c->feasible ? "" : "  out");
  }
}

void print_self(const study::Report& report) {
  std::string effects;
  bool bounded = true;
  for (const auto& [measure, ratio] : report.aa.effect) {
    bounded = bounded && ratio.low > 0 && std::isfinite(ratio.high);
    effects +=
        fmt::format("{}{} {:+.2f} % ({:+.2f} to {:+.2f} %)", effects.empty() ? "" : ", ", measure,
                    (ratio.estimate - 1) * 100, (ratio.low - 1) * 100, (ratio.high - 1) * 100);
  }
  if (!bounded)
    fmt::print(
        "\nA/A check: too few blocks to bound the difference of a configuration from itself\n");
  else
    fmt::print("\nA/A check {}: the same configuration measured twice differs by {}\n",
               report.aa.passed ? "passed" : "FAILED", effects);
}

void print(const study::Report& report) {
  if (!report.question.empty()) fmt::print("{}\n\n", report.question);
  fmt::print("{}\n", report.answer.sentence);
  print_list("Why", report.answer.reasons);
  print_list("Undecided", report.answer.undecided);
  print_table(report);
  if (report.objectives.size() > 1)
    fmt::print("\nThe front dominates {:.0f} % ({:.0f}–{:.0f} %) of the objectives' range\n",
               report.hypervolume.estimate * 100, report.hypervolume.low * 100,
               report.hypervolume.high * 100);
  print_self(report);
  fmt::print("Stopped: {}\n", report.answer.stopped);
  if (report.price)
    fmt::print("Price: {} at {}/h (seen {}, {}); {}\n", report.price->sku,
               to_string(Dollars(report.price->dollars_per_hour)), report.price->date,
               report.price->source, report.price->mapping);
}

std::optional<machine::Mapping> price_for(const study::Study& study) {
  for (const auto& measure : study.measures)
    if (measure.name == "cost.per_million")
      return machine::map_host(machine::read_host(),
                               machine::read_catalogue(machine::catalogue_folder()));
  return std::nullopt;
}

// Reading commands do not create the file they are asked about.
study::Records existing(const Options& options) {
  if (!fs::exists(options.records))
    throw InputError("{}: there is no such file; run a study first, or name one with --records",
                     options.records);
  return study::Records(options.records);
}

study::Report stored(const Options& options) {
  const auto records = existing(options);
  return study::report_from_json(records.report(options.id), options.records);
}

void list(const Options& options) {
  std::vector<study::Run> runs;
  if (fs::exists(options.records) || options.records != Options{}.records)
    runs = existing(options).runs();
  if (runs.empty() && !options.json)
    fmt::print("no studies in {}; run one with: gnomon study run two-commands\n", options.records);
  nlohmann::json all = nlohmann::json::array();
  for (const auto& run : runs) {
    if (options.json)
      all.push_back({{"id", run.id},
                     {"study", run.study},
                     {"started", run.started},
                     {"state", run.state},
                     {"blocks", run.blocks}});
    else
      fmt::print("{:>4}  {}  {:<9} {:>3} blocks  {}\n", run.id, run.started, run.state, run.blocks,
                 run.study);
  }
  if (options.json) fmt::print("{}\n", all.dump(2));
}

void show(const Options& options) {
  const auto report = stored(options);
  if (options.json)
    fmt::print("{}\n", study::to_json(report));
  else
    print(report);
}

void write_report(const Options& options) {
  write_file(options.output, study::to_html(stored(options)));
  fmt::print("Report: {}\n", options.output);
}

void export_run(const Options& options) {
  if (options.csv == options.json) throw InputError("study export: give one of --csv and --json");
  const auto report = stored(options);
  fmt::print("{}", options.csv ? study::to_csv(report) : study::to_json(report) + "\n");
}

CLI::App* subcommand(CLI::App& parent, const std::shared_ptr<Options>& options,
                     const std::string& name, const std::string& description,
                     const std::string& example, void (*action)(const Options&)) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("--records", options->records, "The file that keeps what was measured")
      ->capture_default_str();
  command->footer("Example: gnomon study " + example);
  command->callback([options, action] { action(*options); });
  return command;
}

void run(const Options& options) { run_and_print(options); }

}  // namespace

void run_and_print(const StudyRun& options) {
  if (options.json) Progress::silence();
  const study::Study study = read(options);
  if (!options.report.empty()) require_writable(options.report);
  const FileLock lock = study::lock_records(options.records);
  study::Records records(options.records);
  study::EngineOptions engine;
  engine.stages = fs::absolute(fs::path(options.records)).parent_path() / "stages";
  engine.provenance = study::read_provenance();
  engine.price = price_for(study);
  engine.announce = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  const auto finished = study::run_study(study, records, engine);
  if (options.json) {
    fmt::print("{}\n", study::to_json(finished.report));
  } else {
    print(finished.report);
    fmt::print("Recorded: run {} in {}\n", finished.run, options.records);
    std::fflush(stdout);
  }
  if (options.report.empty()) return;
  write_file(options.report, study::to_html(finished.report));
  if (!options.json) fmt::print("Report: {}\n", options.report);
}

void add_study(CLI::App& parent) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "study", "Ask a question over many configurations and get an answer one can trust");
  command->require_subcommand(1);
  command->footer("Example: gnomon study run two-commands");

  CLI::App* run_command = subcommand(*command, options, "run", "Run a study, or continue it",
                                     "run two-commands --budget 20s", run);
  run_command->add_option("study", options->study, "A YAML file, or the name of one in studies/")
      ->required();
  run_command->add_option("--budget", options->budget, "Time to measure: 60s, 2min");
  run_command->add_option("--blocks", options->blocks, "Fewest and most blocks: 10..40");
  run_command->add_option("--report", options->report, "Write the HTML report here");
  run_command->add_flag("--json", options->json, "Print the whole report as JSON");

  CLI::App* list_command =
      subcommand(*command, options, "list", "The runs on record", "list", list);
  list_command->add_flag("--json", options->json, "Print JSON");

  const auto with_id = [&](CLI::App* c) {
    c->add_option("id", options->id, "The number of the run, see study list")->required();
    return c;
  };
  with_id(subcommand(*command, options, "show", "The answer of a run", "show 1", show))
      ->add_flag("--json", options->json, "Print the whole report as JSON");
  with_id(subcommand(*command, options, "report", "The HTML report of a run",
                     "report 1 -o report.html", write_report))
      ->add_option("-o,--out", options->output, "Where to write it")
      ->required();
  CLI::App* export_command =
      with_id(subcommand(*command, options, "export", "The data of a run on standard output",
                         "export 1 --csv", export_run));
  export_command->add_flag("--csv", options->csv, "One line per replicate");
  export_command->add_flag("--json", options->json, "The whole report");
}

}  // namespace gnomon::app
