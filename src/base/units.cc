#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace gnomon {
namespace {

// Three significant digits, never an exponent.
std::string three_digits(double value) {
  return std::abs(value) >= 999.5 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

template <std::size_t N>
std::string scaled(double value, double base, const std::array<std::string_view, N>& units) {
  std::size_t i = 0;
  while (std::abs(value) >= base * 0.9995 && i + 1 < N) value /= base, ++i;
  return fmt::format("{} {}", three_digits(value), units[i]);
}

}  // namespace

std::string to_string(Bytes bytes) {
  if (std::abs(bytes.value) < 1024) return fmt::format("{:.0f} B", bytes.value);
  return scaled(bytes.value, 1024,
                std::array<std::string_view, 6>{"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::string to_string(Flops flops) {
  return scaled(
      flops.value, 1000,
      std::array<std::string_view, 6>{"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"});
}

std::string to_string(Seconds seconds) {
  const double s = std::abs(seconds.value);
  if (s >= 3600) {
    const auto minutes = static_cast<long long>(std::llround(seconds.value / 60));
    return fmt::format("{} h {:02d} min", minutes / 60, minutes % 60);
  }
  if (s >= 99.95) {
    const auto whole = static_cast<long long>(std::llround(seconds.value));
    return fmt::format("{} min {:02d} s", whole / 60, whole % 60);
  }
  if (s >= 0.9995 || s == 0) return three_digits(seconds.value) + " s";
  if (s >= 0.9995e-3) return three_digits(seconds.value * 1e3) + " ms";
  if (s >= 0.9995e-6) return three_digits(seconds.value * 1e6) + " µs";
  return three_digits(seconds.value * 1e9) + " ns";
}

std::string to_string(Dollars dollars) {
  const double d = std::abs(dollars.value);
  if (d >= 1 || d == 0) return fmt::format("${:.2f}", dollars.value);
  const int leading_zeros = static_cast<int>(std::floor(-std::log10(d)));
  std::string text = fmt::format("${:.{}f}", dollars.value, leading_zeros + 4);
  while (text.ends_with("0") && text.size() > std::string_view("$0.00").size()) text.pop_back();
  return text;
}

}  // namespace gnomon
