// Compiled for AVX2 and fused multiply-add (CMakeLists.txt says so): called on nothing less.

#include <immintrin.h>

#include "exec/cpu/winograd_vector.h"

namespace gnomon::exec::cpu {
namespace {

struct Vector {
  static constexpr std::int64_t lanes = 8;
  static constexpr int rows = 6;

  static Vector load(const float* from) { return {_mm256_loadu_ps(from)}; }
  static Vector all(float value) { return {_mm256_set1_ps(value)}; }
  void store(float* to) const { _mm256_storeu_ps(to, value); }

  __m256 value;
};

Vector operator+(Vector a, Vector b) { return {_mm256_add_ps(a.value, b.value)}; }
Vector operator-(Vector a, Vector b) { return {_mm256_sub_ps(a.value, b.value)}; }
Vector product(Vector a, Vector b) { return {_mm256_mul_ps(a.value, b.value)}; }
Vector multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fmadd_ps(a.value, b.value, c.value)};
}
Vector negated_multiply_add(Vector a, Vector b, Vector c) {
  return {_mm256_fnmadd_ps(a.value, b.value, c.value)};
}

}  // namespace

constinit const WinogradLoops winograd_avx2 = Winograd<Vector>::loops;

}  // namespace gnomon::exec::cpu
