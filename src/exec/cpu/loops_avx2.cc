// The loops of our own contractions. Compiled for AVX2 and fused multiply-add (CMakeLists.txt says
// so): called on nothing less.

#include <immintrin.h>

#include "exec/cpu/direct_vector.h"
#include "exec/cpu/gemm_vector.h"
#include "exec/cpu/winograd_vector.h"

namespace gnomon::exec::cpu {
namespace {

struct Vector {
  static constexpr std::int64_t lanes = 8;
  static constexpr int rows = 6, registers = 16;

  static Vector load(const float* from) { return {_mm256_loadu_ps(from)}; }
  static Vector load(const std::uint16_t* from) {
    const __m256i bits =
        _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(bits, 16))};
  }
  static Vector all(float value) { return {_mm256_set1_ps(value)}; }
  void store(float* to) const { _mm256_storeu_ps(to, value); }

  void store(std::uint16_t* to) const {
    const __m256i bits = _mm256_castps_si256(value);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(_mm256_add_epi32(bits, odd), _mm256_set1_epi32(0x7fff));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    const __m256i upper = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(to),
        _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1)));
  }

  static constexpr std::int64_t square = 8;
  static void transpose(const float* from, std::int64_t from_row, float* to, std::int64_t to_row);

  __m256 value;
};

void Vector::transpose(const float* from, std::int64_t from_row, float* to, std::int64_t to_row) {
  __m256 pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    const __m256 a = _mm256_loadu_ps(from + i * from_row),
                 b = _mm256_loadu_ps(from + (i + 1) * from_row);
    pairs[i] = _mm256_unpacklo_ps(a, b);
    pairs[i + 1] = _mm256_unpackhi_ps(a, b);
  }
  for (int i = 0; i < 8; i += 4)
    for (int h = 0; h < 2; ++h) {
      quads[i + 2 * h] = _mm256_shuffle_ps(pairs[i + h], pairs[i + 2 + h], 0x44);
      quads[i + 2 * h + 1] = _mm256_shuffle_ps(pairs[i + h], pairs[i + 2 + h], 0xee);
    }
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * to_row, _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * to_row, _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31));
  }
}

Vector operator+(Vector a, Vector b) { return {_mm256_add_ps(a.value, b.value)}; }
Vector operator-(Vector a, Vector b) { return {_mm256_sub_ps(a.value, b.value)}; }
Vector product(Vector a, Vector b) { return {_mm256_mul_ps(a.value, b.value)}; }
Vector multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fmadd_ps(a.value, b.value, c.value)};
}
Vector negated_multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fnmadd_ps(a.value, b.value, c.value)};
}

Vector maximum(Vector a, Vector b) { return {_mm256_max_ps(a.value, b.value)}; }
Vector first_lanes(Vector v, std::int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i kept = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  return {_mm256_and_ps(v.value, _mm256_castsi256_ps(kept))};
}

}  // namespace

constinit const DirectLoops direct_avx2 = Direct<Vector>::loops;
constinit const GemmLoops gemm_avx2 = Gemm<Vector>::loops;
constinit const WinogradLoops winograd_avx2 = Winograd<Vector>::loops;

}  // namespace gnomon::exec::cpu
