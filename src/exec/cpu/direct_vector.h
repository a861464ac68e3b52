#pragma once

// direct_loops.h for any vector of floats: what winograd_vector.h asks of it, and
//
//   static constexpr int registers;            // vectors that the processor has names for
//   static Vector load(const std::uint16_t*);  // bits of bf16
//   void store(std::uint16_t*) const;          // rounded to nearest even; NaN stays NaN
//   maximum(a, b)                              // b where either is NaN
//   first_lanes(v, n)                          // zeros behind the first n

#include "exec/cpu/direct_loops.h"

namespace gnomon::exec::cpu {

template <typename Vector>
struct Direct {
  static constexpr std::int64_t lanes = Vector::lanes;

  // Sums that stay in registers beside the vectors that they are made of: no more than hide the
  // time that one takes.
  static constexpr int most_sums(int vectors) {
    constexpr int enough = 16;
    const int fit = Vector::registers - 1 - vectors;
    return fit < enough ? fit : enough;
  }
  // Pixels whose results are computed at once.
  static constexpr int most_pixels(int vectors) { return most_sums(vectors) / vectors; }

  // --- Results ---

  // Of Pixels neighbours, from kernel rows [begin, end); `image` is at the first tap of the first.
  template <int Vectors, int Pixels>
  static void convolve_pixels(const DirectShape& s, const float* image, const float* weights,
                              std::int64_t begin, std::int64_t end,
                              Vector (&sums)[Pixels][Vectors]) {
    const std::int64_t step = s.vectors * lanes;
    for (std::int64_t c = 0; c < s.channels; ++c)
      for (std::int64_t i = begin; i < end; ++i) {
        const float* tap = image + c * s.plane + i * s.row;
        const float* from = weights + (c * s.kernel_height + i) * s.kernel_width * step;
        for (std::int64_t j = 0; j < s.kernel_width; ++j, ++tap, from += step) {
          Vector w[Vectors];
          for (int v = 0; v < Vectors; ++v) w[v] = Vector::load(from + v * lanes);
          for (int p = 0; p < Pixels; ++p) {
            const Vector pixel = Vector::all(tap[p]);
            for (int v = 0; v < Vectors; ++v) sums[p][v] = multiply_add(pixel, w[v], sums[p][v]);
          }
        }
      }
  }

  // One image's results of Vectors vectors from `vector` on, Pixels at a time; the last of a row go
  // over some of those before them again.
  template <int Vectors, int Pixels, typename Element>
  static void convolve_vectors(const DirectShape& s, const float* image, const float* weights,
                               const float* bias, bool relu, Element* results,
                               std::int64_t vector) {
    weights += vector * lanes;
    results += vector * s.strides.vector;
    Vector start[Vectors];
    for (int v = 0; v < Vectors; ++v) start[v] = Vector::load(bias + (vector + v) * lanes);
    const bool cut = vector + Vectors == s.vectors && s.last < lanes;
    for (std::int64_t y = 0; y < s.height; ++y) {
      const std::int64_t begin = y < s.above ? s.above - y : 0;
      const std::int64_t end = y + s.kernel_height > s.below ? s.below - y : s.kernel_height;
      for (std::int64_t next = 0; next < s.width; next += Pixels) {
        const std::int64_t x = next + Pixels <= s.width ? next : s.width - Pixels;
        Vector sums[Pixels][Vectors];
        for (int p = 0; p < Pixels; ++p)
          for (int v = 0; v < Vectors; ++v) sums[p][v] = start[v];
        convolve_pixels<Vectors, Pixels>(s, image + y * s.row + x, weights, begin, end, sums);
        Element* to = results + y * s.strides.row + x * s.strides.pixel;
        for (int p = 0; p < Pixels; ++p, to += s.strides.pixel)
          for (int v = 0; v < Vectors; ++v) {
            Vector sum = sums[p][v];
            if (relu) sum = maximum(Vector::all(0), sum);
            if (cut && v == Vectors - 1) sum = first_lanes(sum, s.last);
            sum.store(to + v * s.strides.vector);
          }
      }
    }
  }

  // As many pixels at a time as divide a row into the fewest parts.
  template <int Vectors, int Pixels, typename Element>
  static void choose_pixels(const DirectShape& s, const float* image, const float* weights,
                            const float* bias, bool relu, Element* results, std::int64_t vector) {
    constexpr int most = most_pixels(Vectors);
    const std::int64_t parts = (s.width + most - 1) / most;
    if constexpr (Pixels > 1)
      if ((s.width + parts - 1) / parts < Pixels)
        return choose_pixels<Vectors, Pixels - 1>(s, image, weights, bias, relu, results, vector);
    convolve_vectors<Vectors, Pixels>(s, image, weights, bias, relu, results, vector);
  }

  template <typename Element>
  static void convolve(const DirectShape& s, const float* image, const float* weights,
                       const float* bias, bool relu, Element* results) {
    std::int64_t vector = 0;
    for (; vector + 2 <= s.vectors; vector += 2)
      choose_pixels<2, most_pixels(2)>(s, image, weights, bias, relu, results, vector);
    if (vector < s.vectors)
      choose_pixels<1, most_pixels(1)>(s, image, weights, bias, relu, results, vector);
  }

  // --- The gradient of the weights ---

  // Rows of taps, numbered [channel][row of the kernel], from `first` on.
  template <int Vectors, int Width, int Rows, typename Element>
  static void add_taps(const DirectShape& s, const float* image, const Element* gradients,
                       float* sums, std::int64_t first) {
    const float* row[Rows];
    for (int r = 0; r < Rows; ++r)
      row[r] =
          image + (first + r) / s.kernel_height * s.plane + (first + r) % s.kernel_height * s.row;
    Vector taps[Rows][Width][Vectors];
    for (int r = 0; r < Rows; ++r)
      for (int j = 0; j < Width; ++j)
        for (int v = 0; v < Vectors; ++v) taps[r][j][v] = Vector::all(0);
    for (std::int64_t y = 0; y < s.height; ++y) {
      const Element* from = gradients + y * s.strides.row;
      for (std::int64_t x = 0; x < s.width; ++x, from += s.strides.pixel) {
        Vector gradient[Vectors];
        for (int v = 0; v < Vectors; ++v) gradient[v] = Vector::load(from + v * s.strides.vector);
        for (int r = 0; r < Rows; ++r)
          for (int j = 0; j < Width; ++j) {
            const Vector pixel = Vector::all(row[r][y * s.row + x + j]);
            for (int v = 0; v < Vectors; ++v)
              taps[r][j][v] = multiply_add(pixel, gradient[v], taps[r][j][v]);
          }
      }
    }
    sums += first * Width * s.vectors * lanes;
    for (int r = 0; r < Rows; ++r)
      for (int j = 0; j < Width; ++j)
        for (int v = 0; v < Vectors; ++v) {
          float* to = sums + ((r * Width + j) * s.vectors + v) * lanes;
          (Vector::load(to) + taps[r][j][v]).store(to);
        }
  }

  // All rows of taps from `first` on, Rows at a time, and those left over by fewer.
  template <int Vectors, int Width, int Rows, typename Element>
  static void add_rows(const DirectShape& s, const float* image, const Element* gradients,
                       float* sums, std::int64_t first) {
    const std::int64_t rows = s.channels * s.kernel_height;
    for (; first + Rows <= rows; first += Rows)
      add_taps<Vectors, Width, Rows>(s, image, gradients, sums, first);
    if constexpr (Rows > 1)
      if (first < rows) add_rows<Vectors, Width, Rows - 1>(s, image, gradients, sums, first);
  }

  // Two vectors at a time where their sums fit into registers.
  template <int Width, typename Element>
  static void add_width(const DirectShape& s, const float* image, const Element* gradients,
                        float* sums) {
    constexpr auto rows = [](int vectors) { return most_sums(vectors) / (Width * vectors); };
    std::int64_t vector = 0;
    if constexpr (rows(2) > 0)
      for (; vector + 2 <= s.vectors; vector += 2)
        add_rows<2, Width, rows(2)>(s, image, gradients + vector * s.strides.vector,
                                    sums + vector * lanes, 0);
    for (; vector < s.vectors; ++vector)
      add_rows<1, Width, rows(1)>(s, image, gradients + vector * s.strides.vector,
                                  sums + vector * lanes, 0);
  }

  template <typename Element>
  static void add_gradient(const DirectShape& s, const float* image, const Element* gradients,
                           float* sums) {
    switch (s.kernel_width) {
      case 1:
        return add_width<1>(s, image, gradients, sums);
      case 3:
        return add_width<3>(s, image, gradients, sums);
      case 5:
        return add_width<5>(s, image, gradients, sums);
      case 7:
        return add_width<7>(s, image, gradients, sums);
      default:
        __builtin_trap();  // not of direct_widths
    }
  }

  template <typename Element>
  static constexpr DirectRoutines<Element> routines{convolve<Element>, add_gradient<Element>};
  static constexpr DirectLoops loops{lanes, routines<float>, routines<std::uint16_t>};
};

}  // namespace gnomon::exec::cpu
