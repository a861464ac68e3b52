#include "app/commands/profile_stacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/commands/profile_report.h"
#include "base/file.h"
#include "page/page.h"
#include "profile/stack_profile.h"
#include "trace/folded.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_functions = 2000;  // on the page

// Samples as CPU time, or as they are if nobody knows what one stands for.
std::string amount(const profile::StackProfile& profile, std::int64_t samples) {
  return profile.period > Seconds() ? to_string(profile.period * static_cast<double>(samples))
                                    : std::to_string(samples);
}

Json to_json(const profile::StackProfile& profile) {
  Json functions = Json::array(), libraries = Json::array();
  for (const auto& function : profile.functions) {
    if (functions.size() == most_functions) break;
    functions.push_back({{"name", function.name},
                         {"library", function.library},
                         {"own", function.own},
                         {"total", function.total}});
  }
  for (const auto& library : profile.libraries)
    libraries.push_back(
        {{"library", library.library}, {"own", library.own}, {"unnamed", library.unnamed}});
  return {{"samples", profile.samples},
          {"lost", profile.lost},
          {"period_seconds", profile.period.value},
          {"threads", profile.threads},
          {"callers_unknown", profile.callers_unknown},
          {"callers_unknown_generated", profile.callers_unknown_generated},
          {"functions", std::move(functions)},
          {"functions_left_out",
           profile.functions.size() - std::min(most_functions, profile.functions.size())},
          {"libraries", std::move(libraries)}};
}

std::string summary(const profile::StackProfile& profile) {
  const std::string threads =
      fmt::format("{} thread{}", profile.threads, profile.threads == 1 ? "" : "s");
  if (profile.period == Seconds())
    return fmt::format("{} samples of {}, at a rate that the file does not tell", profile.samples,
                       threads);
  return fmt::format("{} of CPU time: {} samples of {}, {:.0f} a second",
                     amount(profile, profile.samples), profile.samples, threads,
                     Seconds(1) / profile.period);
}

void print(const profile::StackProfile& profile, const std::vector<std::string>& answer,
           std::size_t rows) {
  fmt::print("{}\n", summary(profile));
  for (const auto& sentence : answer) fmt::print("{}\n", sentence);
  fmt::print("\n{:<60} {:>10} {:>6} {:>10} {:>6}  {}\n", "function", "own", "share", "total",
             "share", "library");
  const std::size_t shown = std::min(rows, profile.functions.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& function = profile.functions[i];
    fmt::print("{:<60} {:>10} {:>5.1f}% {:>10} {:>5.1f}%{}{}\n", function.name.substr(0, 60),
               amount(profile, function.own), 100 * profile.share(function.own),
               amount(profile, function.total), 100 * profile.share(function.total),
               function.library.empty() ? "" : "  ", function.library);
  }
  if (profile.functions.size() > rows)
    fmt::print("{} more; --rows {} shows them\n", profile.functions.size() - rows,
               profile.functions.size());
}

}  // namespace

void report_stacks(const StackReport& report) {
  const auto profile = profile::analyse(trace::read_folded(report.stacks), report.stacks.string());
  const auto answer = profile::conclusions(profile);
  const Json json = {{"kind", "profile"},
                     {"schema", 1},
                     {"title", report.stacks.filename().string()},
                     {"answer", answer},
                     {"flame", flame_json(profile.flame)},
                     {"stacks", to_json(profile)}};
  // Names in other programs' files may be no UTF-8.
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  write_file(report.page, page::html(text));
  if (report.json) {
    fmt::print("{}\n", text);
    return;
  }
  print(profile, answer, report.rows);
  fmt::print("report: {}\n", report.page.string());
}

}  // namespace gnomon::app
