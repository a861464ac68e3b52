#pragma once

// The inner loops of gradients of weights in bf16: the processor multiplies pairs of bf16 and adds
// both products to a sum in f32, here those of two neighbouring pixels. A lane has a channel of the
// images; pairs of the results' gradients are spread over all lanes.
//
// Compiled with its vectors in a file of its own, which includes this header: it holds no functions,
// or the linker could give one made of AVX-512 to everybody.

#include "exec/cpu/image_strides.h"

namespace gnomon::exec::cpu {

inline constexpr std::int64_t bf16_gradient_lanes = 16, bf16_gradient_width = 3;
// Of the results' channels, worked on at once.
inline constexpr int bf16_gradient_results = 8;

// A convolution with kernels that are three wide, of some images at once.
struct Bf16GradientShape {
  std::int64_t images;
  std::int64_t height, width;  // of an image
  ImageStrides image_strides;
  std::int64_t stride_down, stride_across, above, left;
  std::int64_t kernel_height;
  std::int64_t result_vectors;  // of channels
  std::int64_t result_height, result_width;
  ImageStrides result_strides;

  // Copies: rows of each image with its padding and vectors of pairs in each row; pairs in each row of
  // the results, and from one of their channels to the next.
  std::int64_t rows, columns;
  std::int64_t pairs, plane;
};

// Memory that will be read soon. It is asked for in the meantime, so many bytes with each row of
// results that is multiplied.
struct Bf16GradientAhead {
  const char *at, *end;
  std::int64_t bytes_a_row;
};

struct Bf16GradientLoops {
  // One vector of the images' channels as [image][row][column][channel], each element a pixel and
  // the one a stride to its right; zeros for padding.
  void (*pair_images)(const Bf16GradientShape& shape, const std::uint16_t* images,
                      std::uint32_t* to);

  // All channels of the results' gradients as [channel][image][row][pair]; a last odd pixel's
  // neighbour is zero.
  void (*pair_gradients)(const Bf16GradientShape& shape, const std::uint16_t* gradients,
                         std::uint32_t* to);

  // Adds to the sums, [results' channel][row of the kernel][column][images' channel].
  void (*add)(const Bf16GradientShape& shape, const std::uint32_t* images,
              const std::uint32_t* gradients, float* sums, Bf16GradientAhead (&ahead)[2]);
};

extern const Bf16GradientLoops bf16_gradient_avx512;  // needs AVX-512 F and BF16

}  // namespace gnomon::exec::cpu
