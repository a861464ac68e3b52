#pragma once

// Elementary functions of f32 without branches, so that loops over them become vector code where the
// processor has fused multiply-add; elsewhere that is a call, to the same bits. Within two units in
// the last place of the true value, tanh three; NaN, infinities and results that f32 cannot hold
// come out as the C library's.

#include <bit>
#include <cmath>
#include <cstdint>

namespace gnomon::exec::cpu {

// x = n ln 2 + r with n the integer nearest x / ln 2.
struct ReducedArgument {
  float n, r;
  std::int32_t whole;  // n
};
inline ReducedArgument reduced_argument(float x) {
  constexpr float per_ln2 = 1.44269504F;
  constexpr float ln2_high = 0.693359375F, ln2_low = -2.12194440e-4F;
  constexpr float to_integer = 12582912.0F;  // 1.5 · 2²³
  const float shifted = std::fma(x, per_ln2, to_integer);
  const float n = shifted - to_integer;
  const auto bits =
      std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(to_integer);
  return {n, std::fma(-n, ln2_low, std::fma(-n, ln2_high, x)), static_cast<std::int32_t>(bits)};
}

// e^r − 1 by its Taylor polynomial, for |r| ≤ ln 2 / 2; truncated after r⁷: 5·10⁻⁹.
inline float exponential_less_one_near_zero(float r) {
  float p = 1.0F / 5040;
  p = std::fma(p, r, 1.0F / 720);
  p = std::fma(p, r, 1.0F / 120);
  p = std::fma(p, r, 1.0F / 24);
  p = std::fma(p, r, 1.0F / 6);
  p = std::fma(p, r, 0.5F);
  return std::fma(p * r, r, r);
}

// 2^e, for −126 ≤ e ≤ 127.
inline float power_of_two(std::int32_t e) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23);
}

// e^x = 2^n · e^r, with 2^n as two factors so that results near the ends of f32 round once.
inline float exponential(float x) {
  x = x < -110.0F ? -110.0F : x;
  x = x > 100.0F ? 100.0F : x;
  const auto [n, r, whole] = reduced_argument(x);
  const std::int32_t half = whole >> 1;
  return (exponential_less_one_near_zero(r) + 1.0F) * power_of_two(half) *
         power_of_two(whole - half);
}

// Away from 0 by −m / (2 + m) with m = e^−2|x| − 1 = (e^r − 1) 2^n + (2^n − 1), which loses nothing
// near 0, where n is 0.
inline float hyperbolic_tangent(float x) {
  float y = -2.0F * std::fabs(x);
  y = y < -80.0F ? -80.0F : y;
  const auto [n, r, whole] = reduced_argument(y);
  const float scale = power_of_two(whole);
  const float m = std::fma(exponential_less_one_near_zero(r), scale, scale - 1.0F);
  return std::copysign(m / (2.0F + m), x);
}

}  // namespace gnomon::exec::cpu
