#pragma once

// What the pages of profiles share, as web/report/src/profile.ts describes it.

#include <nlohmann/json.hpp>

#include "profile/profile.h"

namespace gnomon::app {

// A flame graph: a span of time and those within it.
nlohmann::ordered_json flame_json(const profile::Frame& frame);

}  // namespace gnomon::app
