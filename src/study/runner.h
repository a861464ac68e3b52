#pragma once

// One replicate: the command of one configuration in fresh processes, and what it measured.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"
#include "study/measure.h"
#include "study/report_data.h"

namespace gnomon::study {

struct Task {
  Command command;
  Command prepare;                // run before every execution; none if argv is empty
  std::vector<Measure> measures;  // those measured in blocks
  int executions = 1;             // the replicate's value is their median
};

struct Observed {
  Replicate replicate;  // wall, outcome and values; the caller fills in its place
  // For people, when the outcome is not "ok": "exit code 1: cannot open model.bin".
  std::string complaint;
  std::map<std::string, std::string> facts;  // texts that the command printed beside its measures
  long context_switches = 0;
  long page_faults = 0;
};

// Runs the task. A command that fails, times out or does not print a measure is an outcome, not an
// error; a program that cannot be executed is an InputError.
Observed observe(const Task& task);

// The numbers and texts of the last line that is a JSON object; empty if there is none.
struct Printed {
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
};
Printed last_object(std::string_view output);

// The first group of the pattern's last match in a line of the output, as a number; NaN if there is
// none.
double captured(std::string_view output, const std::string& pattern);

// The last line that is not blank, cut to a readable length.
std::string last_line(std::string_view text);

}  // namespace gnomon::study
