#include "study/quantity.h"

#include <array>
#include <charconv>
#include <cmath>

namespace gnomon::study {
namespace {

std::optional<int> parse_count(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<Seconds> parse_seconds(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    double seconds;
  };
  // Longer suffixes first: "ms" also ends in "s".
  static constexpr std::array<Unit, 6> units = {Unit{"min", 60}, Unit{"ms", 1e-3}, Unit{"us", 1e-6},
                                                Unit{"s", 1},    Unit{"h", 3600},  Unit{"", 1}};
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.suffix)) continue;
    std::string_view digits = text.substr(0, text.size() - unit.suffix.size());
    while (digits.ends_with(' ')) digits.remove_suffix(1);
    if (const auto value = parse_number(digits)) return Seconds(*value * unit.seconds);
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto value = parse_number(text);
  if (!value) return std::nullopt;
  return percent ? *value / 100 : *value;
}

std::optional<std::pair<int, int>> parse_range(std::string_view text) {
  const auto dots = text.find("..");
  const auto low = parse_count(text.substr(0, dots));
  const auto high = dots == std::string_view::npos ? low : parse_count(text.substr(dots + 2));
  if (!low || !high) return std::nullopt;
  return std::pair(*low, *high);
}

}  // namespace gnomon::study
