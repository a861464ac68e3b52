#include "app/commands/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/profile_report.h"
#include "app/commands/profile_stacks.h"
#include "app/commands/profile_training.h"
#include "base/error.h"
#include "base/file.h"
#include "exec/calibrate.h"
#include "machine/calibration.h"
#include "machine/host.h"
#include "page/page.h"
#include "profile/compare.h"
#include "profile/profile.h"
#include "trace/folded.h"
#include "trace/read.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> traces, before, after;
  std::string report;
  std::size_t rows = 20;
  bool json = false;
};

trace::Trace read(const std::string& file) {
  if (trace::is_folded(file))
    throw InputError("{}: holds stacks, which cannot be compared; profile it alone", file);
  auto trace = trace::read_trace(file, trace::CutOff::keep);
  if (trace.cut_off)
    fmt::print(stderr,
               "gnomon: {}: is cut off: what came after its first {} is missing, and the figures "
               "are of what is there\n",
               file, to_string(Seconds(static_cast<double>(trace.duration) * 1e-9)));
  return trace;
}

std::vector<profile::CallTimes> call_times(const std::vector<std::string>& files) {
  std::vector<profile::CallTimes> all;
  for (const auto& file : files) all.push_back(profile::call_times(read(file)));
  return all;
}

// An infinite end, which JSON cannot say, is as far as a ratio goes.
double bounded(double ratio) { return std::clamp(ratio, 1e-9, 1e9); }

Json to_json(const std::vector<profile::Change>& changes, const std::string& against) {
  Json rows = Json::array();
  for (const auto& change : changes)
    rows.push_back({{"name", change.name},
                    {"before_seconds", change.before},
                    {"after_seconds", change.after},
                    {"ratio", change.ratio.estimate},
                    {"low", bounded(change.ratio.low)},
                    {"high", bounded(change.ratio.high)},
                    {"verdict", stats::to_string(change.verdict)}});
  return {{"against", against}, {"rows", std::move(rows)}};
}

void print(const std::vector<profile::Change>& changes, std::size_t rows) {
  fmt::print("\n{:<44} {:>10} {:>10} {:>7}  {:<18} {}\n", "operator, one call", "before", "after",
             "ratio", "interval", "verdict");
  for (std::size_t i = 0; i < std::min(rows, changes.size()); ++i) {
    const auto& c = changes[i];
    fmt::print("{:<44} {:>10} {:>10} {:>7.3f}  {:<18} {}\n", c.name.substr(0, 44),
               to_string(Seconds(c.before)), to_string(Seconds(c.after)), c.ratio.estimate,
               std::isfinite(c.ratio.high) && c.ratio.low > 0
                   ? fmt::format("{:.3f} to {:.3f}", c.ratio.low, c.ratio.high)
                   : "too few recordings",
               stats::to_string(c.verdict));
  }
}

void run(Arguments& arguments) {
  if (arguments.traces.size() == 2 && arguments.before.empty() && arguments.after.empty()) {
    arguments.before = {arguments.traces[0]};
    arguments.after = {arguments.traces[1]};
  }
  const bool comparing = !arguments.before.empty() || !arguments.after.empty();
  if (!comparing && arguments.traces.empty())
    throw InputError(
        "profile: which trace? Record one with: gnomon train lenet --trace run.pftrace");
  if (!comparing && trace::is_folded(arguments.traces.front())) {
    const std::string& stacks = arguments.traces.front();
    return report_stacks({stacks, arguments.report.empty() ? stacks + ".html" : arguments.report,
                          arguments.rows, arguments.json});
  }
  const std::string file = comparing ? arguments.after.front() : arguments.traces.front();
  if (arguments.report.empty()) arguments.report = file + ".html";
  std::vector<profile::Change> changes;
  if (comparing)
    changes = profile::compare(call_times(arguments.before), call_times(arguments.after));
  ProfileReport report(read(file), file, std::filesystem::path(file).filename().string());
  if (comparing)
    report.answer.insert(report.answer.begin(),
                         profile::conclusion(changes, arguments.before.size()));
  auto json = to_json(report);
  if (comparing) json["comparison"] = to_json(changes, arguments.before.front());
  const std::string text = write_page(json, arguments.report);
  if (arguments.json) {
    fmt::print("{}\n", text);
    return;
  }
  print(report, arguments.rows);
  if (comparing) print(changes, arguments.rows);
  fmt::print("report: {}\n", arguments.report);
}

}  // namespace

void add_profile(CLI::App& parent) {
  auto* command =
      parent.add_subcommand("profile", "Where a recorded run's time went, and what bounds it");
  auto arguments = std::make_shared<Arguments>();
  auto& a = *arguments;
  command->add_option("trace", a.traces, "What --trace or --stacks wrote; two traces are compared")
      ->expected(0, 2);
  command->add_option("--before", a.before, "Traces of one way to run it …")->type_name("FILES");
  command->add_option("--after", a.after, "… and as many of another, made in turn with them")
      ->type_name("FILES");
  command->add_option("--rows", a.rows, "Operators or functions that are printed")
      ->capture_default_str();
  command->add_option("--report", a.report, "The page for people; default TRACE.html")
      ->type_name("FILE");
  command->add_flag("--json", a.json, "Print what the page shows as JSON");
  command->footer(
      "Example:\n  gnomon train lenet --epochs 1 --examples 6400 --trace run.pftrace\n"
      "  gnomon profile run.pftrace\n"
      "  gnomon profile train resnet20");
  add_profile_training(*command);
  command->callback([arguments, command] {
    if (command->get_subcommands().empty()) run(*arguments);
  });
}

}  // namespace gnomon::app
