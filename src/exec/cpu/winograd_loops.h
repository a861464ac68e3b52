#pragma once

// The inner loops of Winograd's minimal filtering, F(4×4, 3×3): an output tile of 4×4 pixels is made
// from an input tile of 6×6 with 36 multiplications a channel instead of 144 (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016). Interpolated at 0, ±√½, ±√2 and infinity, where
// f32 loses little: the worst error seen is 4e-7 of Σ|aᵢbᵢ|, a direct sum's 2e-7.
//
// Compiled for each vector length in a file of its own; this header is included there, so it holds
// nothing that another file could be linked to.

#include <cstddef>
#include <cstdint>

namespace gnomon::exec::cpu {

inline constexpr std::int64_t winograd_tile = 4;     // output pixels along a side
inline constexpr std::int64_t winograd_points = 36;  // products a channel and tile
// Operations that transform a tile of one channel, in and out.
inline constexpr std::int64_t winograd_input_flops = 264, winograd_output_flops = 160;
// Tiles that go through the three stages together: with 64 channels they fill a second-level cache.
// A multiple of the rows that are multiplied at once.
inline constexpr std::int64_t winograd_block = 24;

// Elements from one vector of channels, row or pixel of an image to the next.
struct ImageStrides {
  std::int64_t image, vector, row, pixel;
};

// A convolution y = w * x, stride 1, as tiles of its results, which are numbered by image, row and
// column. A gradient of the images is one, too, with images and results exchanged.
struct WinogradShape {
  std::int64_t in_channels, out_channels;  // multiples of the vector length
  std::int64_t height, width;              // of the images
  std::int64_t out_height, out_width;
  std::int64_t padding_above, padding_left;
  std::int64_t tiles_down, tiles_across, images;
  ImageStrides input, output;

  std::int64_t tiles() const { return images * tiles_down * tiles_across; }
  // Elements from one point of transformed tiles to the next. A line apart, or all would fall
  // into the same sets of the cache.
  std::int64_t input_plane() const { return winograd_block * in_channels + 16; }
  std::int64_t output_plane() const { return winograd_block * out_channels + 16; }
  // Of transformed weights.
  std::int64_t weights_plane() const { return in_channels * out_channels; }
  // Elements of workspace that one thread needs.
  std::int64_t workspace() const { return winograd_points * (input_plane() + output_plane()); }
};

// Where weights lie: elements from one channel, row and column to the next.
struct WeightStrides {
  std::int64_t in_channel, out_channel, row, column;
};

struct WinogradLoops {
  std::int64_t lanes;

  // Input channels [begin, end) of the weights, point by point.
  void (*transform_weights)(const WinogradShape& shape, const float* weights,
                            const WeightStrides& strides, float* transformed, std::int64_t begin,
                            std::int64_t end);

  // Result tiles [begin, end): plus bias, if not null, and relu.
  void (*convolve)(const WinogradShape& shape, const float* input, const float* transformed,
                   const float* bias, bool relu, float* output, float* workspace,
                   std::int64_t begin, std::int64_t end);

  // Sums [point][in][out] of what tiles [begin, end) give to the gradient of the weights. `output`
  // is the gradient of the results.
  void (*add_gradient)(const WinogradShape& shape, const float* input, const float* output,
                       float* sums, float* workspace, std::int64_t begin, std::int64_t end);

  // The gradient of the weights of input channels [begin, end) from `parts` such sums, one after another.
  void (*finish_gradient)(const WinogradShape& shape, const float* sums, std::int64_t parts,
                          float* weights, const WeightStrides& strides, std::int64_t begin,
                          std::int64_t end);
};

extern const WinogradLoops winograd_avx2;    // needs AVX2 and fused multiply-add
extern const WinogradLoops winograd_avx512;  // needs AVX-512 F

}  // namespace gnomon::exec::cpu
