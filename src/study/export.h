#pragma once

// A report as JSON (the contract of web/report/src/data.ts, schema 1), as CSV of its replicates,
// and as the self-contained HTML page.

#include <string>
#include <string_view>

#include "study/report_data.h"

namespace gnomon::study {

// Infinite ends of intervals, which JSON cannot say, become null.
std::string to_json(const Report& report);
// Throws InputError naming `origin` if the text is no report.
Report report_from_json(std::string_view text, std::string_view origin);

// One line per replicate: block, position, configuration, its knobs, aa, started, wall, outcome,
// and every measure.
std::string to_csv(const Report& report);

// The page with the data embedded.
std::string to_html(const Report& report);

}  // namespace gnomon::study
