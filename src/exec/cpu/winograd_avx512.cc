// Compiled for AVX-512 (CMakeLists.txt says so): called on nothing less.

#include <immintrin.h>

#include "exec/cpu/winograd_vector.h"

namespace gnomon::exec::cpu {
namespace {

struct Vector {
  static constexpr std::int64_t lanes = 16;
  static constexpr int rows = 12;

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

}  // namespace

constinit const WinogradLoops winograd_avx512 = Winograd<Vector>::loops;

}  // namespace gnomon::exec::cpu
