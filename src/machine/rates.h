#pragma once

// What a device can do per second, as types: work divided by a rate is a time.

#include <string>

#include "base/units.h"

namespace gnomon {

using FlopRate = Quantity<struct FlopRateUnit>;    // floating-point operations per second
using Bandwidth = Quantity<struct BandwidthUnit>;  // bytes per second

constexpr FlopRate operator/(Flops work, Seconds time) { return FlopRate(work.value / time.value); }
constexpr Bandwidth operator/(Bytes moved, Seconds time) {
  return Bandwidth(moved.value / time.value);
}
constexpr Seconds operator/(Flops work, FlopRate rate) { return Seconds(work.value / rate.value); }
constexpr Seconds operator/(Bytes moved, Bandwidth rate) {
  return Seconds(moved.value / rate.value);
}

std::string to_string(FlopRate rate);        // "340 GFLOP/s"
std::string to_string(Bandwidth bandwidth);  // "9.81 GB/s", "1.555 TB/s": decimal

}  // namespace gnomon
