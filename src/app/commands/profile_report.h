#pragma once

// What all profiles show, on the terminal and on a page (web/report/src/profile.ts).

#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "machine/calibration.h"
#include "machine/host.h"
#include "profile/profile.h"
#include "trace/trace.h"

namespace gnomon::app {

// A flame graph: a span of time and those within it.
nlohmann::ordered_json flame_json(const profile::Frame& frame);

// A trace seen against this machine's ceilings, which are measured first if they are not known.
struct ProfileReport {
  // `origin` names the trace in messages; ceilings are those of at most `threads` threads. Throws as
  // profile::analyse.
  ProfileReport(const trace::Trace& trace, const std::string& origin, std::string title,
                int threads = std::numeric_limits<int>::max());

  std::string title;
  machine::Host host;
  machine::Calibration calibration;
  profile::Profile profile;
  std::vector<std::string> answer;  // sentences, the most important first
};

nlohmann::ordered_json to_json(const ProfileReport& report);

// The answer, and a table of the operators that took the longest.
void print(const ProfileReport& report, std::size_t rows);

// Writes the page of a JSON object, and returns its text.
std::string write_page(const nlohmann::ordered_json& json, const std::string& file);

}  // namespace gnomon::app
