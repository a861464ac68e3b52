#pragma once

// Where the time of a recorded run went, and what bounds it: the roofline model (Williams,
// Waterman, Patterson: "Roofline: an insightful visual performance model", CACM 52(4), 2009)
// applied to every operator of a trace, and the rest of the time by its cause.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "machine/calibration.h"
#include "machine/rates.h"
#include "trace/trace.h"

namespace gnomon::profile {

// What keeps an operator from being faster: the machine's arithmetic, its memory, or what a call
// costs whatever it computes. Unknown where the trace tells neither operations nor bytes.
enum class Bound { unknown, compute, memory, overhead };
std::string_view name(Bound bound);

// All calls of one operator of a program.
struct OperatorTime {
  // "conv1"; the operator's if it has no label; "evaluation: conv1" where the model was assessed.
  std::string name;
  std::string operation;       // "convolution"
  std::string implementation;  // "jit:avx512_core"; "" if the trace does not tell
  std::int64_t calls = 0;
  Seconds total;
  double share = 0;  // of the recording
  Flops flops;       // of all calls
  Bytes bytes;
  // The least time that the machine's ceilings and the cost of calls allow ÷ total.
  double fraction = 0;
  Bound bound = Bound::unknown;

  FlopRate flop_rate() const { return flops / total; }
  Bandwidth bandwidth() const { return bytes / total; }
};

// Time in which no operator ran on the thread that runs them.
struct Idle {
  // "loader", "checkpoint", "evaluation", "dispatch" (between a step's operators) or "other".
  std::string cause;
  Seconds total;
  double share = 0;
};

// What is called from deeper is part of its caller.
inline constexpr std::size_t deepest_frame = 200;

// Calls with the same callers, together.
struct Frame {
  std::string name;
  Seconds total;
  std::vector<Frame> children;  // in the order of their first call
};

struct Counter {
  std::string name, unit;
  std::vector<double> time, value;  // seconds from the beginning
};

struct Held {
  std::string name;
  Bytes bytes;
};

struct Profile {
  Seconds duration;
  std::int64_t steps = 0;
  Seconds step_time;                    // the median of their times
  std::int64_t dropped = 0;             // events that the recording lost
  std::vector<OperatorTime> operators;  // the longest first
  std::vector<Idle> idle;               // likewise
  Frame flame;                          // its children are the threads
  std::vector<Counter> counters;        // at most 2,000 points each
  std::vector<Held> memory;  // what was alive when the arena was fullest, the largest first
};

// Throws InputError if the trace holds no operator: it is of a program that is none of ours, or
// empty.
Profile analyse(const trace::Trace& trace, const machine::Calibration& machine,
                std::string_view origin);

// What there is to say, the most important first: where the time went, what bounds it, and the
// three changes that would pay most.
std::vector<std::string> conclusions(const Profile& profile);

// The seconds of every call of each operator, by "name operation": what comparisons are made of.
std::map<std::string, std::vector<double>> call_times(const trace::Trace& trace);

}  // namespace gnomon::profile
