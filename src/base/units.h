#pragma once

// Quantities with units, so that no interface takes a bare double. Each is a double in the base
// unit (bytes, floating-point operations, seconds, US dollars) with the arithmetic that keeps the
// unit.

#include <compare>
#include <string>

namespace gnomon {

template <typename Unit>
struct Quantity {
  double value = 0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double v) : value(v) {}

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity(a.value + b.value);
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.value - b.value);
  }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value * k); }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity(a.value * k); }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value / k); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  constexpr Quantity& operator+=(Quantity b) { return value += b.value, *this; }
  constexpr Quantity& operator-=(Quantity b) { return value -= b.value, *this; }
};

using Bytes = Quantity<struct BytesUnit>;
using Flops = Quantity<struct FlopsUnit>;  // a count of operations, not a rate
using Seconds = Quantity<struct SecondsUnit>;
using Dollars = Quantity<struct DollarsUnit>;

// "1.5 MiB", "340 GFLOP", "12.3 ms": three significant digits, the unit people would choose.
// Dollars in cents, below one with four significant digits: "$1.25", "$0.1008".
std::string to_string(Bytes bytes);
std::string to_string(Flops flops);
std::string to_string(Seconds seconds);
std::string to_string(Dollars dollars);

}  // namespace gnomon
