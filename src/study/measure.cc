#include "study/measure.h"

#include <fmt/format.h>

#include <cmath>

#include "base/units.h"

namespace gnomon::study {
namespace {

std::string with_thousands(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, 1, ',');
  return digits;
}

// Three significant digits, without an exponent where people would write none.
std::string number(double value) {
  if (std::abs(value) < 1000 || !std::isfinite(value)) return fmt::format("{:.3g}", value);
  const double scale = std::pow(10, std::floor(std::log10(std::abs(value))) - 2);
  return with_thousands(std::round(value / scale) * scale);
}

}  // namespace

const std::vector<Measure>& known_measures() {
  static const std::vector<Measure> measures = {
      {"wall", "s", "wall time", Goal::minimise, Source::blocks, ""},
      {"processor", "s", "processor time", Goal::minimise, Source::blocks, ""},
      {"memory.peak", "B", "peak memory", Goal::minimise, Source::blocks, ""},
      {"throughput", "1/s", "images per second", Goal::maximise, Source::blocks, ""},
      {"latency.p50", "s", "median latency", Goal::minimise, Source::blocks, ""},
      {"latency.p90", "s", "90th percentile of latency", Goal::minimise, Source::blocks, ""},
      {"latency.p99", "s", "99th percentile of latency", Goal::minimise, Source::blocks, ""},
      {"accuracy", "1", "accuracy", Goal::maximise, Source::artefact, ""},
      {"cost.per_million", "USD", "price per million images", Goal::minimise, Source::derived, ""},
  };
  return measures;
}

std::optional<Measure> known_measure(std::string_view name) {
  for (const Measure& measure : known_measures())
    if (measure.name == name) return measure;
  return std::nullopt;
}

bool counted_by_kernel(std::string_view measure) {
  return measure == "wall" || measure == "processor" || measure == "memory.peak";
}

std::string_view name(Goal goal) {
  switch (goal) {
    case Goal::none:
      return "none";
    case Goal::minimise:
      return "minimise";
    case Goal::maximise:
      return "maximise";
  }
  return "";
}

std::string_view name(Source source) {
  switch (source) {
    case Source::blocks:
      return "blocks";
    case Source::artefact:
      return "artefact";
    case Source::derived:
      return "derived";
  }
  return "";
}

std::string to_words(const Measure& measure, double value) {
  if (measure.unit == "s") return to_string(Seconds(value));
  if (measure.unit == "B") return to_string(Bytes(value));
  if (measure.unit == "USD") return to_string(Dollars(value));
  if (measure.name == "throughput") return number(value) + " images/s";
  if (measure.unit == "1" || measure.unit.empty()) return number(value);
  return number(value) + " " + measure.unit;
}

}  // namespace gnomon::study
