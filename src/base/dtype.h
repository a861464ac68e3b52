#pragma once

// Element types. Sizes are in bits, so that types narrower than a byte need no special case.
// There are no quantised types: integers with scales and zero points as values (doc/program.md).
// `token` holds nothing: values of it only put operators in order (ir/ops/token.h).

#include <cstdint>
#include <optional>
#include <string_view>

namespace gnomon {

enum class DType : std::uint8_t { f64, f32, bf16, i64, i32, i8, u8, boolean, token };

inline constexpr int dtype_count = 9;

constexpr int bits(DType type) {
  switch (type) {
    case DType::f64:
    case DType::i64:
      return 64;
    case DType::f32:
    case DType::i32:
      return 32;
    case DType::bf16:
      return 16;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 8;
    case DType::token:
      return 0;
  }
  return 0;
}

constexpr bool is_float(DType type) {
  return type == DType::f64 || type == DType::f32 || type == DType::bf16;
}

std::string_view name(DType type);  // "f32", "bool"
std::optional<DType> dtype_named(std::string_view text);

// bfloat16: the upper half of an f32, rounded to nearest even; NaN stays NaN.
struct Bf16 {
  std::uint16_t bits = 0;

  constexpr Bf16() = default;
  explicit Bf16(float value) {
    auto u = __builtin_bit_cast(std::uint32_t, value);
    bits = (u & 0x7fffffffu) > 0x7f800000u
               ? static_cast<std::uint16_t>((u >> 16) | 0x40u)
               : static_cast<std::uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  explicit operator float() const {
    return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
  }
};

}  // namespace gnomon
