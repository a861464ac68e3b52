#pragma once

// The inner loops of Winograd's minimal filtering, F(4×4, 3×3): an output tile of 4×4 pixels is made
// from an input tile of 6×6 with 36 multiplications a channel instead of 144 (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016). Interpolated at 0, ±√½, ±√2 and infinity, where
// f32 loses little: 2e-6 of Σ|aᵢbᵢ|, 5e-6 with padding of 2, where a
// direct sum loses 2e-7.
//
// Compiled for each vector length in a file of its own, which includes this header: it holds no
// functions, or the linker could give one made of AVX-512 to everybody.

#include "exec/cpu/image_strides.h"

namespace gnomon::exec::cpu {

inline constexpr std::int64_t winograd_tile = 4;     // output pixels along a side
inline constexpr std::int64_t winograd_points = 36;  // products a channel and tile
// Operations that transform a tile of one channel, in and out.
inline constexpr std::int64_t winograd_input_flops = 264, winograd_output_flops = 160;
// Tiles that go through the three stages together: with 64 channels they fill a second-level cache.
// A multiple of the rows that are multiplied at once.
inline constexpr std::int64_t winograd_block = 24;

// Images, or results, of a convolution.
struct WinogradSide {
  std::int64_t channels;  // a multiple of the vector length
  std::int64_t height, width;
  ImageStrides strides;
  std::int64_t plane;  // from one point of a block's transformed tiles to the next, in floats
};

// A convolution y = w * x, stride 1, as tiles of its results, which are numbered by image, row and
// column. A gradient of the images is one, too, with images and results exchanged.
struct WinogradShape {
  WinogradSide input, output;
  std::int64_t padding_above, padding_left;
  std::int64_t tiles_down, tiles_across, images;
  std::int64_t weights_plane;  // from one point of transformed weights to the next
};

// Where weights lie: the offset of a weight is that of its channels and of its tap, of 3×3.
struct WeightOffsets {
  const std::int64_t *in_channel, *out_channel;
  std::int64_t tap[9];
};

struct WinogradLoops {
  std::int64_t lanes;

  // Input channels [begin, end) of the weights, point by point.
  void (*transform_weights)(const WinogradShape& shape, const float* weights,
                            const WeightOffsets& offsets, float* transformed, std::int64_t begin,
                            std::int64_t end);

  // Result tiles [begin, end). The workspace holds the planes of both sides for each point.
  void (*convolve)(const WinogradShape& shape, const float* input, const float* transformed,
                   float* output, float* workspace, std::int64_t begin, std::int64_t end);

  // Sums [point][in][out] of what tiles [begin, end) give to the gradient of the weights. `output`
  // is the gradient of the results; the workspace is that of convolve.
  void (*add_gradient)(const WinogradShape& shape, const float* input, const float* output,
                       float* sums, float* workspace, std::int64_t begin, std::int64_t end);

  // The gradient of the weights of input channels [begin, end) from `parts` such sums, one after
  // another.
  void (*finish_gradient)(const WinogradShape& shape, const float* sums, std::int64_t parts,
                          float* weights, const WeightOffsets& offsets, std::int64_t begin,
                          std::int64_t end);
};

extern const WinogradLoops winograd_avx2;    // needs AVX2 and fused multiply-add
extern const WinogradLoops winograd_avx512;  // needs AVX-512 F

}  // namespace gnomon::exec::cpu
