#pragma once

// A training run for people: the page report.html in its folder, and its data
// (web/report/src/run.ts).

#include <filesystem>
#include <nlohmann/json.hpp>

namespace gnomon::app {

// What the page shows of the run in this folder. Curves are thinned to at most 4,000 points.
nlohmann::ordered_json run_data(const std::filesystem::path& folder);

void write_run_report(const std::filesystem::path& folder);

}  // namespace gnomon::app
