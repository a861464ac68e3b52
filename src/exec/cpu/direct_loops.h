#pragma once

// The inner loops of direct convolutions: pixels of the images, one at a time, spread over all
// lanes of a vector, times vectors of the results' channels.
//
// Compiled for each vector length in a file of its own, which includes this header: it holds no
// functions, or the linker could give one made of AVX-512 to everybody.

#include "exec/cpu/image_strides.h"

namespace gnomon::exec::cpu {

// A convolution of stride 1.
struct DirectShape {
  // One image, [channel][row][pixel] with its padding around it.
  std::int64_t channels;
  std::int64_t plane, row;    // from one channel or row to the next, in floats
  std::int64_t above, below;  // the first row that is not padding, and the one behind the last
  std::int64_t kernel_height, kernel_width;
  // Results, or their gradients.
  std::int64_t vectors;        // of channels
  std::int64_t last;           // channels of the last one; its other lanes are zeros
  std::int64_t height, width;  // at least 1
  ImageStrides strides;
};

// For results stored as Element: float, or the bits of a bf16.
template <typename Element>
struct DirectRoutines {
  // Results of one image. Weights are [channel][tap][vector][lane], a bias [vector][lane].
  void (*convolve)(const DirectShape& shape, const float* image, const float* weights,
                   const float* bias, bool relu, Element* results);

  // Adds to the sums, [channel][tap][vector][lane], what one image gives to the gradient of the
  // weights.
  void (*add_gradient)(const DirectShape& shape, const float* image, const Element* gradients,
                       float* sums);
};

struct DirectLoops {
  std::int64_t lanes;
  DirectRoutines<float> f32;
  DirectRoutines<std::uint16_t> bf16;
};

extern const DirectLoops direct_avx2;    // needs AVX2 and fused multiply-add
extern const DirectLoops direct_avx512;  // needs AVX-512 F

// Widths of kernels that have loops for their weights' gradient.
inline constexpr std::int64_t direct_widths[] = {1, 3, 5, 7};

}  // namespace gnomon::exec::cpu
