#pragma once

// The page that shows a study, a run or a profile: one HTML file that opens offline, fetches
// nothing and holds its own data. Which of them it shows, the data say in "kind"; web/report/src
// describes the data of each (data.ts, run.ts, profile.ts).

#include <string>
#include <string_view>

namespace gnomon::page {

// `json` is the text of one JSON object, UTF-8. The page reads it as it stands, and says what is
// wrong with it if it cannot.
std::string html(std::string_view json);

}  // namespace gnomon::page
