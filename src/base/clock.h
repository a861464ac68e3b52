#pragma once

// Time. `now` is monotonic and costs about 30 ns; `timestamp_utc` is for people and records.

#include <chrono>
#include <string>

#include "base/units.h"

namespace gnomon {

inline Seconds now() {
  return Seconds(
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

std::string timestamp_utc();  // "2026-11-22T02:12:22Z"

}  // namespace gnomon
