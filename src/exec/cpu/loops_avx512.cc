// The loops of our own contractions. Compiled for AVX-512 (CMakeLists.txt says so): called on
// nothing less.

#include <immintrin.h>

#include "exec/cpu/direct_vector.h"
#include "exec/cpu/winograd_vector.h"

namespace gnomon::exec::cpu {
namespace {

// Masks of all lanes: GCC takes what the plain forms of some instructions leave open for a value
// that is not initialised.
struct Vector {
  static constexpr std::int64_t lanes = 16;
  static constexpr int rows = 12, registers = 32;

  static Vector load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static Vector load(const std::uint16_t* from) {
    const __m512i bits = _mm512_maskz_cvtepu16_epi32(
        0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    return {_mm512_castsi512_ps(_mm512_maskz_slli_epi32(0xffff, bits, 16))};
  }
  static Vector all(float value) { return {_mm512_set1_ps(value)}; }
  void store(float* to) const { _mm512_storeu_ps(to, value); }

  void store(std::uint16_t* to) const {
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd =
        _mm512_and_epi32(_mm512_maskz_srli_epi32(0xffff, bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_add_epi32(_mm512_add_epi32(bits, odd), _mm512_set1_epi32(0x7fff));
    const __m512i quiet = _mm512_or_epi32(bits, _mm512_set1_epi32(0x400000));
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    const __m512i upper =
        _mm512_maskz_srli_epi32(0xffff, _mm512_mask_mov_epi32(rounded, nan, quiet), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_maskz_cvtepi32_epi16(0xffff, upper));
  }

  __m512 value;
};

Vector operator+(Vector a, Vector b) { return {_mm512_add_ps(a.value, b.value)}; }
Vector operator-(Vector a, Vector b) { return {_mm512_sub_ps(a.value, b.value)}; }
Vector product(Vector a, Vector b) { return {_mm512_mul_ps(a.value, b.value)}; }
Vector multiply_add(Vector a, Vector b, Vector c) {
  return {_mm512_fmadd_ps(a.value, b.value, c.value)};
}
Vector negated_multiply_add(Vector a, Vector b, Vector c) {
  return {_mm512_fnmadd_ps(a.value, b.value, c.value)};
}

Vector maximum(Vector a, Vector b) { return {_mm512_maskz_max_ps(0xffff, a.value, b.value)}; }
Vector first_lanes(Vector v, std::int64_t count) {
  return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1U << count) - 1), v.value)};
}

}  // namespace

constinit const DirectLoops direct_avx512 = Direct<Vector>::loops;
constinit const WinogradLoops winograd_avx512 = Winograd<Vector>::loops;

}  // namespace gnomon::exec::cpu
