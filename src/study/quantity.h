#pragma once

// Quantities as people write them in a study. Each returns nothing if the text is not one.

#include <optional>
#include <string_view>
#include <utility>

#include "base/units.h"

namespace gnomon::study {

std::optional<double> parse_number(std::string_view text);    // "0.88", "1e-3"; finite
std::optional<Seconds> parse_seconds(std::string_view text);  // "60s", "500ms", "2min", "1h", "60"
std::optional<double> parse_share(std::string_view text);     // "1%" or "0.01"
std::optional<std::pair<int, int>> parse_range(std::string_view text);  // "10..40", "20"

}  // namespace gnomon::study
