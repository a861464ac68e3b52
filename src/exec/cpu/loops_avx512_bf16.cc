// The loops of bf16_gradient_loops.h. Compiled for AVX-512 with its products of bf16 (CMakeLists.txt
// says so): called on nothing less.

#include <immintrin.h>

#include "exec/cpu/bf16_gradient_loops.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t lanes = bf16_gradient_lanes, width = bf16_gradient_width;
constexpr int results = bf16_gradient_results;  // with the kernel's columns, in registers
static_assert(lanes % results == 0);

// Masks of all lanes: GCC takes what the plain forms of some instructions leave open for a value
// that is not initialised.
constexpr __mmask16 all = 0xffff;
constexpr __mmask8 halves = 0xff;

// Two vectors of bf16 as one of their pairs; that of no address is zeros.
__m512i paired(const std::uint16_t* first, const std::uint16_t* second) {
  const auto load = [](const std::uint16_t* from) {
    if (from == nullptr) return _mm512_setzero_si512();
    return _mm512_maskz_cvtepu16_epi32(all,
                                       _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  };
  return _mm512_or_epi32(load(first), _mm512_maskz_slli_epi32(all, load(second), 16));
}

void pair_images(const Bf16GradientShape& s, const std::uint16_t* images, std::uint32_t* to) {
  for (std::int64_t n = 0; n < s.images; ++n)
    for (std::int64_t i = 0; i < s.rows; ++i) {
      const std::int64_t y = i - s.above;
      const auto pixel = [&](std::int64_t x) {
        const bool is_inside = 0 <= y && y < s.height && 0 <= x && x < s.width;
        return is_inside ? images + n * s.image_strides.image + y * s.image_strides.row +
                               x * s.image_strides.pixel
                         : nullptr;
      };
      for (std::int64_t x = -s.left; x < s.columns - s.left; ++x, to += lanes)
        _mm512_storeu_si512(to, paired(pixel(x), pixel(x + s.stride_across)));
    }
}

// Rows and columns exchanged; rows are `step` apart.
void store_transposed(const __m512i (&rows)[lanes], std::uint32_t* to, std::int64_t step) {
  __m512i quads[4][4];  // of four rows each: column 4·k + j in part k of the j-th
  for (int g = 0; g < 4; ++g) {
    const __m512i* const r = rows + 4 * g;
    const __m512i a = _mm512_maskz_unpacklo_epi32(all, r[0], r[1]),
                  b = _mm512_maskz_unpackhi_epi32(all, r[0], r[1]),
                  c = _mm512_maskz_unpacklo_epi32(all, r[2], r[3]),
                  d = _mm512_maskz_unpackhi_epi32(all, r[2], r[3]);
    quads[g][0] = _mm512_maskz_unpacklo_epi64(halves, a, c);
    quads[g][1] = _mm512_maskz_unpackhi_epi64(halves, a, c);
    quads[g][2] = _mm512_maskz_unpacklo_epi64(halves, b, d);
    quads[g][3] = _mm512_maskz_unpackhi_epi64(halves, b, d);
  }
  constexpr int even = 0x88, odd = 0xdd;
  for (int j = 0; j < 4; ++j, to += step) {
    const __m512i e0 = _mm512_maskz_shuffle_i32x4(all, quads[0][j], quads[1][j], even),
                  e1 = _mm512_maskz_shuffle_i32x4(all, quads[2][j], quads[3][j], even),
                  o0 = _mm512_maskz_shuffle_i32x4(all, quads[0][j], quads[1][j], odd),
                  o1 = _mm512_maskz_shuffle_i32x4(all, quads[2][j], quads[3][j], odd);
    _mm512_storeu_si512(to, _mm512_maskz_shuffle_i32x4(all, e0, e1, even));
    _mm512_storeu_si512(to + 4 * step, _mm512_maskz_shuffle_i32x4(all, o0, o1, even));
    _mm512_storeu_si512(to + 8 * step, _mm512_maskz_shuffle_i32x4(all, e0, e1, odd));
    _mm512_storeu_si512(to + 12 * step, _mm512_maskz_shuffle_i32x4(all, o0, o1, odd));
  }
}

void pair_gradients(const Bf16GradientShape& s, const std::uint16_t* gradients, std::uint32_t* to) {
  const ImageStrides& strides = s.result_strides;
  for (std::int64_t v = 0; v < s.result_vectors; ++v, to += lanes * s.plane) {
    __m512i block[lanes];
    std::int64_t filled = 0;
    std::uint32_t* at = to;
    for (std::int64_t n = 0; n < s.images; ++n)
      for (std::int64_t y = 0; y < s.result_height; ++y) {
        const std::uint16_t* from =
            gradients + n * strides.image + v * strides.vector + y * strides.row;
        for (std::int64_t x = 0; x < s.result_width; x += 2, from += 2 * strides.pixel) {
          block[filled++] = paired(from, x + 1 < s.result_width ? from + strides.pixel : nullptr);
          if (filled < lanes) continue;
          store_transposed(block, at, s.plane);
          at += lanes;
          filled = 0;
        }
      }
    if (filled == 0) continue;
    while (filled < lanes) block[filled++] = _mm512_setzero_si512();
    store_transposed(block, at, s.plane);
  }
}

void ask_for(Bf16GradientAhead& ahead) {
  constexpr std::int64_t line = 64;
  for (std::int64_t i = 0; i < ahead.bytes_a_row && ahead.at < ahead.end;
       i += line, ahead.at += line)
    __builtin_prefetch(ahead.at, 0, 2);
}

// For some channels of the results and one row of the kernel.
void add_row(const Bf16GradientShape& s, const std::uint32_t* images,
             const std::uint32_t* gradients, float* sums, Bf16GradientAhead (&ahead)[2]) {
  __m512 taps[results][width];
  for (auto& result : taps)
    for (auto& tap : result) tap = _mm512_setzero_ps();
  for (std::int64_t n = 0; n < s.images; ++n)
    for (std::int64_t y = 0; y < s.result_height; ++y, gradients += s.pairs) {
      for (auto& each : ahead) ask_for(each);
      const std::uint32_t* from = images + (n * s.rows + y * s.stride_down) * s.columns * lanes;
      for (std::int64_t p = 0; p < s.pairs; ++p, from += 2 * s.stride_across * lanes) {
        __m512bh pixels[width];
        for (int j = 0; j < width; ++j) pixels[j] = (__m512bh)_mm512_loadu_si512(from + j * lanes);
        for (int r = 0; r < results; ++r) {
          const auto gradient =
              (__m512bh)_mm512_set1_epi32(static_cast<int>(gradients[r * s.plane + p]));
          for (int j = 0; j < width; ++j)
            taps[r][j] = _mm512_dpbf16_ps(taps[r][j], pixels[j], gradient);
        }
      }
    }
  for (int r = 0; r < results; ++r, sums += s.kernel_height * width * lanes)
    for (int j = 0; j < width; ++j) {
      float* const to = sums + j * lanes;
      _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), taps[r][j]));
    }
}

void add(const Bf16GradientShape& s, const std::uint32_t* images, const std::uint32_t* gradients,
         float* sums, Bf16GradientAhead (&ahead)[2]) {
  for (std::int64_t o = 0; o < s.result_vectors * lanes; o += results)
    for (std::int64_t i = 0; i < s.kernel_height; ++i)
      add_row(s, images + i * s.columns * lanes, gradients + o * s.plane,
              sums + (o * s.kernel_height + i) * width * lanes, ahead);
}

}  // namespace

constinit const Bf16GradientLoops bf16_gradient_avx512{pair_images, pair_gradients, add};

}  // namespace gnomon::exec::cpu
