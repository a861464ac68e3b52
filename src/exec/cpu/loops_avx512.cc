// The loops of our own contractions. Compiled for AVX-512 (CMakeLists.txt says so): called on nothing less.

#include <immintrin.h>

#include "exec/cpu/direct_vector.h"
#include "exec/cpu/winograd_vector.h"

namespace gnomon::exec::cpu {
namespace {

struct Vector {
  static constexpr std::int64_t lanes = 16;
  static constexpr int rows = 12, registers = 32;

  static Vector load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static Vector all(float value) { return {_mm512_set1_ps(value)}; }
  void store(float* to) const { _mm512_storeu_ps(to, value); }

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

// With a mask of all lanes: GCC takes the value that the plain one leaves open for an uninitialised one.
Vector maximum(Vector a, Vector b) { return {_mm512_maskz_max_ps(0xffff, a.value, b.value)}; }
Vector first_lanes(Vector v, std::int64_t count) {
  return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1U << count) - 1), v.value)};
}

}  // namespace

constinit const DirectLoops direct_avx512 = Direct<Vector>::loops;
constinit const WinogradLoops winograd_avx512 = Winograd<Vector>::loops;

}  // namespace gnomon::exec::cpu
