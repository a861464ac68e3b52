#pragma once

// What can be measured, in base units, with the words people use for it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::study {

enum class Goal { none, minimise, maximise };

// How the uncertainty of a measure arises.
enum class Source {
  blocks,    // measured afresh in every block
  artefact,  // a property of one cached artefact: repeating the run cannot change it
  derived    // computed from other measures
};

struct Measure {
  std::string name;   // "latency.p99": the member of the JSON object a measured command prints
  std::string unit;   // "1/s", "s", "1", "USD", "B"
  std::string label;  // for people: "images per second"
  Goal goal = Goal::none;
  Source source = Source::blocks;
  std::string pattern;  // a regular expression whose first group is the value; "" for none

  bool operator==(const Measure&) const = default;
};

// The measures every study knows: those of any process (wall, processor, memory.peak), those that
// gnomon's own commands print, and the price derived from the throughput.
const std::vector<Measure>& known_measures();
std::optional<Measure> known_measure(std::string_view name);

// Whether the kernel counts it for every process, so that the command need not print it.
bool counted_by_kernel(std::string_view measure);

std::string_view name(Goal goal);      // "minimise"
std::string_view name(Source source);  // "artefact"

// A value with its unit as people write it: "41,200 images/s", "0.893", "$0.00068", "1.2 ms".
std::string to_words(const Measure& measure, double value);

}  // namespace gnomon::study
