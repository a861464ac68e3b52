#include "app/commands/profile_report.h"

#include <fmt/format.h>

#include "base/file.h"
#include "exec/calibrate.h"
#include "page/page.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

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

machine::Calibration held_to(machine::Calibration calibration, int threads) {
  std::erase_if(calibration.matmul, [&](const auto& c) { return c.threads > threads; });
  return calibration;
}

}  // namespace

nlohmann::ordered_json flame_json(const profile::Frame& frame) {
  auto children = Json::array();
  for (const auto& child : frame.children) children.push_back(flame_json(child));
  return {{"name", frame.name}, {"seconds", frame.total.value}, {"children", std::move(children)}};
}

ProfileReport::ProfileReport(const trace::Trace& trace, const std::string& origin,
                             std::string report_title, int threads)
    : title(std::move(report_title)),
      host(machine::read_host()),
      calibration(held_to(exec::known_calibration(host), threads)),
      profile(profile::analyse(trace, calibration, origin)),
      answer(profile::conclusions(profile)) {
  if (trace.cut_off)
    answer.push_back(fmt::format(
        "The trace is cut off: what came after its {} is missing, and every figure is of what "
        "is there.",
        to_string(profile.duration)));
  if (calibration.was_disturbed())
    answer.push_back(fmt::format(
        "Other work ran when this machine was measured (load {:.2f}), so it can do more "
        "than is said here; repeat gnomon machine measure when idle.",
        calibration.load));
}

// The contract of web/report/src/profile.ts.
nlohmann::ordered_json to_json(const ProfileReport& report) {
  const auto& profile = report.profile;
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
          {"title", report.title},
          {"answer", report.answer},
          {"duration_seconds", profile.duration.value},
          {"steps", profile.steps},
          {"step_seconds", profile.step_time.value},
          {"machine", to_json(report.host, report.calibration)},
          {"operators", std::move(operators)},
          {"idle", std::move(idle)},
          {"flame", flame_json(profile.flame)},
          {"memory", std::move(memory)},
          {"counters", std::move(counters)}};
}

void print(const ProfileReport& report, std::size_t rows) {
  const auto& profile = report.profile;
  for (const auto& sentence : report.answer) fmt::print("{}\n", sentence);
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

// Names in other programs' traces may be no UTF-8.
std::string write_page(const nlohmann::ordered_json& json, const std::string& file) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  require_writable(file);
  write_file(file, page::html(text));
  return text;
}

}  // namespace gnomon::app
