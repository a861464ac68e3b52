#include "train/schedule.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::train {

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = {"constant", "step", "cosine"};
  return names;
}

Schedule schedule_named(std::string_view name) {
  for (std::size_t i = 0; i < schedule_names().size(); ++i)
    if (schedule_names()[i] == name) return static_cast<Schedule>(i);
  throw InputError("schedule {}: unknown; {}", name, suggest(name, schedule_names()));
}

double factor(Schedule schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double done = static_cast<double>(step - warmup) / static_cast<double>(steps - warmup);
  switch (schedule) {
    case Schedule::constant:
      return 1;
    case Schedule::step:
      return done < 0.5 ? 1 : done < 0.75 ? 0.1 : 0.01;
    case Schedule::cosine:
      return 0.5 * (1 + std::cos(std::numbers::pi * done));
  }
  return 1;
}

}  // namespace gnomon::train
