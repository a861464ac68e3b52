#include "app/commands/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/profile_json.h"
#include "app/commands/profile_stacks.h"
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

machine::Calibration ceilings(const machine::Host& host) {
  if (auto stored = machine::load_calibration(host)) return *stored;
  const auto measured = exec::calibrate(host);
  machine::store_calibration(host, measured);
  return measured;
}

trace::Trace read(const std::string& file) {
  if (trace::is_folded(file))
    throw InputError("{}: holds stacks, which cannot be compared; profile it alone", file);
  return trace::read_trace(file, trace::CutOff::keep);
}

std::vector<profile::CallTimes> call_times(const std::vector<std::string>& files) {
  std::vector<profile::CallTimes> all;
  for (const auto& file : files) all.push_back(profile::call_times(read(file)));
  return all;
}

Json to_json(const profile::OperatorTime& op) {
  return {{"name", op.name},
          {"operator", op.operation},
          {"implementation", op.implementation},
          {"count", op.calls},
          {"seconds", op.total.value},
          {"share", op.share},
          {"flops", op.flops.value},
          {"bytes", op.bytes.value},
          {"flops_per_second", op.flop_rate().value},
          {"bytes_per_second", op.bandwidth().value},
          {"fraction", op.fraction},
          {"bound", name(op.bound)}};
}

Json to_json(const machine::Host& host, const machine::Calibration& calibration) {
  Json ceilings = Json::array();
  for (const auto& matmul : calibration.matmul)
    ceilings.push_back({{"name", fmt::format("matmul {}, {} thread{}", name(matmul.dtype),
                                             matmul.threads, matmul.threads == 1 ? "" : "s")},
                        {"flops_per_second", matmul.rate.value}});
  return {{"processor", host.processor},
          {"ceilings", std::move(ceilings)},
          {"bandwidth",
           {{{"name", "memory copy"}, {"bytes_per_second", calibration.copy.value}},
            {{"name", "memory triad"}, {"bytes_per_second", calibration.triad.value}}}}};
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

// The contract of web/report/src/profile.ts.
Json to_json(const profile::Profile& profile, const std::string& title,
             const std::vector<std::string>& answer, const machine::Host& host,
             const machine::Calibration& calibration) {
  Json operators = Json::array(), idle = Json::array(), memory = Json::array(),
       counters = Json::array();
  for (const auto& op : profile.operators) operators.push_back(to_json(op));
  for (const auto& part : profile.idle)
    idle.push_back({{"cause", part.cause}, {"seconds", part.total.value}, {"share", part.share}});
  for (const auto& held : profile.memory)
    memory.push_back({{"name", held.name}, {"bytes", held.bytes.value}});
  for (const auto& counter : profile.counters)
    counters.push_back({{"name", counter.name},
                        {"unit", counter.unit},
                        {"time", counter.time},
                        {"value", counter.value}});
  return {{"kind", "profile"},
          {"schema", 1},
          {"title", title},
          {"answer", answer},
          {"duration_seconds", profile.duration.value},
          {"steps", profile.steps},
          {"step_seconds", profile.step_time.value},
          {"machine", to_json(host, calibration)},
          {"operators", std::move(operators)},
          {"idle", std::move(idle)},
          {"flame", flame_json(profile.flame)},
          {"memory", std::move(memory)},
          {"counters", std::move(counters)}};
}

void print(const profile::Profile& profile, const std::vector<std::string>& answer,
           std::size_t rows) {
  for (const auto& sentence : answer) fmt::print("{}\n", sentence);
  fmt::print("\n{:<44} {:>7} {:>10} {:>6} {:>12} {:>12} {:>9}  {:<8}  {}\n", "operator", "calls",
             "time", "share", "FLOP/s", "bytes/s", "of limit", "bound", "implementation");
  std::size_t shown = 0;
  for (const auto& op : profile.operators) {
    if (shown++ == rows) break;
    fmt::print("{:<44} {:>7} {:>10} {:>5.1f}% {:>12} {:>12} {:>8.0f}%  {:<8}  {}\n",
               fmt::format("{} {}", op.name, op.operation).substr(0, 44), op.calls,
               to_string(op.total), 100 * op.share, to_string(op.flop_rate()),
               to_string(op.bandwidth()), 100 * op.fraction, name(op.bound), op.implementation);
  }
  if (profile.operators.size() > rows)
    fmt::print("{} more; --rows {} shows them\n", profile.operators.size() - rows,
               profile.operators.size());
  for (const auto& part : profile.idle)
    fmt::print("{:<44} {:>7} {:>10} {:>5.1f}%\n", "no operator: " + part.cause, "",
               to_string(part.total), 100 * part.share);
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
  std::vector<profile::Change> changes;
  if (comparing)
    changes = profile::compare(call_times(arguments.before), call_times(arguments.after));
  const std::string file = comparing ? arguments.after.front() : arguments.traces.front();
  const auto host = machine::read_host();
  const auto calibration = ceilings(host);
  const auto profile = profile::analyse(read(file), calibration, file);
  auto answer = profile::conclusions(profile);
  if (comparing)
    answer.insert(answer.begin(), profile::conclusion(changes, arguments.before.size()));
  auto json =
      to_json(profile, std::filesystem::path(file).filename().string(), answer, host, calibration);
  if (comparing) json["comparison"] = to_json(changes, arguments.before.front());
  if (arguments.report.empty()) arguments.report = file + ".html";
  // Names in other programs' traces may be no UTF-8.
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  write_file(arguments.report, page::html(text));
  if (arguments.json) {
    fmt::print("{}\n", text);
    return;
  }
  print(profile, answer, arguments.rows);
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
      "  gnomon profile run.pftrace");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace gnomon::app
