#pragma once

// Two command lines against each other, by the same engine as any study: fresh processes,
// interleaved in random order, with a hidden A/A arm.

#include <string>

#include "stats/verdict.h"
#include "study/engine.h"

namespace gnomon::study {

struct CompareOptions {
  Measure measure = *known_measure("wall");
  Method method;
  std::string prepare;
};

struct CommandComparison {
  Finished finished;
  stats::Comparison comparison;  // log(second ÷ first)
  Seconds floor;                 // what starting and ending any process costs here
  std::string sentence;
};

// Throws InputError for a command that fails, hangs or prints no number. Commands of a few
// milliseconds are run several times per replicate.
CommandComparison compare_commands(const std::string& first, const std::string& second,
                                   const CompareOptions& options);

// "b is 18 % faster than a (95 % interval 15–21 %), 22 blocks"
std::string comparison_sentence(const Measure& measure, const std::string& first,
                                const std::string& second, const stats::Comparison& comparison,
                                double margin);

}  // namespace gnomon::study
