#pragma once

// Learning-rate schedules: the factor applied to the base rate, a pure function of the step.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::train {

enum class Schedule {
  constant,
  step,    // × 0.1 after one half and again after three quarters of the steps
  cosine,  // from 1 to 0 along half a cosine (Loshchilov and Hutter: "SGDR", 2017; no restarts)
};

const std::vector<std::string>& schedule_names();
Schedule schedule_named(std::string_view name);  // throws InputError with the nearest right name

// The factor at `step` of `steps`, 0 ≤ step < steps. Over the first `warmup` steps it rises
// linearly to 1; the schedule fills the rest.
double factor(Schedule schedule, std::int64_t step, std::int64_t steps, std::int64_t warmup = 0);

}  // namespace gnomon::train
