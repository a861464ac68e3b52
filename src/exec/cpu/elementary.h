#pragma once

// Elementary functions of f32 without branches and calls, so that loops over them become vector
// code. Within two units in the last place of the true value; NaN, infinities and results that f32
// cannot hold come out as the C library's.

#include <bit>
#include <cmath>
#include <cstdint>

namespace gnomon::exec::cpu {

// e^x = 2^n · e^r with n the integer nearest x / ln 2: e^r by its Taylor polynomial (|r| ≤ ln 2 /
// 2, truncated after r⁷: 5·10⁻⁹), 2^n as two factors so that results near the ends of f32 round
// once.
inline float exponential(float x) {
  constexpr float per_ln2 = 1.44269504F;
  constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;  // high · n is exact
  constexpr float to_integer = 12582912.0F;                            // 1.5 · 2²³
  x = x < -110.0F ? -110.0F : x;
  x = x > 100.0F ? 100.0F : x;
  const float shifted = x * per_ln2 + to_integer;
  const float n = shifted - to_integer;
  const float r = (x - n * ln2_high) - n * ln2_low;
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r * r + r;
  const auto bits =
      std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(to_integer);
  const auto whole = static_cast<std::int32_t>(bits);
  const std::int32_t half = whole >> 1;
  const auto power = [](std::int32_t e) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23);
  };
  return (p + 1.0F) * power(half) * power(whole - half);
}

// Away from 0 by (1 − e^−2|x|) / (1 + e^−2|x|); below 0.625, where that would cancel, by x + x³
// q(x²) with q fitted at Chebyshev nodes (5·10⁻⁹).
inline float hyperbolic_tangent(float x) {
  const float a = std::fabs(x), z = x * x;
  float q = -0.00564745906740427F;
  q = q * z + 0.020588653162121773F;
  q = q * z - 0.05372456833720207F;
  q = q * z + 0.1333126425743103F;
  q = q * z - 0.33333274722099304F;
  const float near = x + x * z * q;
  const float e = exponential(-2.0F * a);
  const float far = std::copysign((1.0F - e) / (1.0F + e), x);
  return a < 0.625F ? near : far;
}

}  // namespace gnomon::exec::cpu
