#pragma once

// The answer in plain English with its numbers: what to choose, what it beats and by how much, what
// could not be told apart, and whether the A/A arm allows any of it to be believed.

#include <string>

#include "study/analysis.h"

namespace gnomon::study {

// Fills in report.answer (but for `chosen` and `stopped`) from the rest of the report.
void write_answer(const Evidence& evidence, Report& report);

// "bf16 at batch 128 on 2 threads"
std::string phrase(const Evidence& evidence, int configuration);

// "18 %" and "15–21 %": differences in percent, two significant digits.
std::string percent(double share);
std::string percent_range(double low, double high);

}  // namespace gnomon::study
