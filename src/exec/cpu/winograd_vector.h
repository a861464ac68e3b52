#pragma once

// winograd_loops.h for any vector of floats:
//
//   struct Vector {
//     static constexpr std::int64_t lanes;
//     static constexpr int rows;  // of a product's block whose sums stay in registers
//     static Vector load(const float*), all(float);
//     void store(float*) const;
//   };
//   operators + and -; product(a, b); with one rounding:
//   multiply_add(a, b, c) = a·b + c, negated_multiply_add(a, b, c) = c − a·b

#include "exec/cpu/winograd_loops.h"

namespace gnomon::exec::cpu {

// The points p = √½ and q = √2: p² + q² = 5/2, p²q² = 1.
inline constexpr float winograd_p = 0.70710678118654752F, winograd_q = 1.41421356237309505F;
inline constexpr float winograd_p3 = 0.35355339059327376F, winograd_q3 = 2.82842712474619010F;

template <typename Vector>
struct Winograd {
  static constexpr std::int64_t lanes = Vector::lanes;

  // --- One dimension of each transform; `step` is from one value to the next. ---

  // Bᵀd: six pixels to six points.
  static void transform_input(const Vector* d, std::int64_t step, Vector* to,
                              std::int64_t to_step) {
    const Vector d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const Vector half = Vector::all(0.5F), two = Vector::all(2), both = Vector::all(2.5F);
    const Vector p = Vector::all(winograd_p), q = Vector::all(winograd_q);
    const Vector even_p = negated_multiply_add(two, d2, d4),
                 odd_p = negated_multiply_add(two, d1, d3);
    const Vector even_q = negated_multiply_add(half, d2, d4),
                 odd_q = negated_multiply_add(half, d1, d3);
    to[0] = negated_multiply_add(both, d2, d[0] + d4);
    to[to_step] = multiply_add(p, odd_p, even_p);
    to[2 * to_step] = negated_multiply_add(p, odd_p, even_p);
    to[3 * to_step] = multiply_add(q, odd_q, even_q);
    to[4 * to_step] = negated_multiply_add(q, odd_q, even_q);
    to[5 * to_step] = negated_multiply_add(both, d3, d1 + d[5 * step]);
  }

  // Aᵀm: six points to four pixels.
  static void transform_output(const Vector* m, std::int64_t step, Vector* to,
                               std::int64_t to_step) {
    const Vector sum_p = m[step] + m[2 * step], difference_p = m[step] - m[2 * step];
    const Vector sum_q = m[3 * step] + m[4 * step], difference_q = m[3 * step] - m[4 * step];
    to[0] = m[0] + sum_p + sum_q;
    to[to_step] = multiply_add(Vector::all(winograd_p), difference_p,
                               product(Vector::all(winograd_q), difference_q));
    to[2 * to_step] = multiply_add(Vector::all(0.5F), sum_p, product(Vector::all(2), sum_q));
    to[3 * to_step] =
        multiply_add(Vector::all(winograd_p3), difference_p,
                     multiply_add(Vector::all(winograd_q3), difference_q, m[5 * step]));
  }

  // The gradient of the results, four pixels, to six points; what these are to be scaled with is left
  // to transform_sums.
  static void transform_gradient(const Vector* d, std::int64_t step, Vector* to,
                                 std::int64_t to_step) {
    const Vector half = Vector::all(0.5F), two = Vector::all(2);
    const Vector p = Vector::all(winograd_p), q = Vector::all(winograd_q);
    const Vector even_p = multiply_add(half, d[2 * step], d[0]);
    const Vector odd_p = multiply_add(half, d[3 * step], d[step]);
    const Vector even_q = multiply_add(two, d[2 * step], d[0]);
    const Vector odd_q = multiply_add(two, d[3 * step], d[step]);
    to[0] = d[0];
    to[to_step] = multiply_add(p, odd_p, even_p);
    to[2 * to_step] = negated_multiply_add(p, odd_p, even_p);
    to[3 * to_step] = multiply_add(q, odd_q, even_q);
    to[4 * to_step] = negated_multiply_add(q, odd_q, even_q);
    to[5 * to_step] = d[3 * step];
  }

  static constexpr float scale_p = -2.0F / 3, scale_q = 1.0F / 6;

  // Gg: three weights to six points.
  static void transform_weights(const Vector* g, std::int64_t step, Vector* to,
                                std::int64_t to_step) {
    const Vector p = Vector::all(winograd_p), q = Vector::all(winograd_q);
    const Vector even_p = multiply_add(Vector::all(0.5F), g[2 * step], g[0]);
    const Vector even_q = multiply_add(Vector::all(2), g[2 * step], g[0]);
    to[0] = g[0];
    to[to_step] = product(Vector::all(scale_p), multiply_add(p, g[step], even_p));
    to[2 * to_step] = product(Vector::all(scale_p), negated_multiply_add(p, g[step], even_p));
    to[3 * to_step] = product(Vector::all(scale_q), multiply_add(q, g[step], even_q));
    to[4 * to_step] = product(Vector::all(scale_q), negated_multiply_add(q, g[step], even_q));
    to[5 * to_step] = g[2 * step];
  }

  // Six points of the weights' gradient to three weights.
  static void transform_sums(const Vector* m, std::int64_t step, Vector* to, std::int64_t to_step) {
    const Vector sp = Vector::all(scale_p), sq = Vector::all(scale_q);
    const Vector sum_p = product(sp, m[step] + m[2 * step]);
    const Vector difference_p = product(sp, m[step] - m[2 * step]);
    const Vector sum_q = product(sq, m[3 * step] + m[4 * step]);
    const Vector difference_q = product(sq, m[3 * step] - m[4 * step]);
    to[0] = m[0] + sum_p + sum_q;
    to[to_step] = multiply_add(Vector::all(winograd_p), difference_p,
                               product(Vector::all(winograd_q), difference_q));
    to[2 * to_step] =
        multiply_add(Vector::all(0.5F), sum_p, multiply_add(Vector::all(2), sum_q, m[5 * step]));
  }

  using Transform = void(const Vector*, std::int64_t, Vector*, std::int64_t);

  // Both dimensions of [From][From] to [To][To].
  template <Transform one, int From, int To>
  static void transform(const Vector* from, Vector* to) {
    Vector half[static_cast<std::size_t>(To * From)];
    for (int column = 0; column < From; ++column) one(from + column, From, half + column, From);
    for (int row = 0; row < To; ++row) one(half + row * From, 1, to + row * To, 1);
  }

  // --- Tiles ---

  // A side of the window [first, first + size) that lies within [0, extent).
  struct Range {
    std::int64_t begin, end;
  };
  static Range within(std::int64_t first, std::int64_t size, std::int64_t extent) {
    const std::int64_t end = extent - first;
    return {first < 0 ? -first : 0, end < size ? end : size};
  }

  // A window of Size × Size pixels of one vector of channels, whose corner, maybe outside the image,
  // is at `corner`; zeros outside.
  template <int Size>
  static void load_window(const float* images, std::int64_t corner, const ImageStrides& strides,
                          Range rows, Range columns, Vector* to) {
    const bool inside =
        rows.begin == 0 && columns.begin == 0 && rows.end == Size && columns.end == Size;
    const auto pixel = [&](std::int64_t y, std::int64_t x) {
      return Vector::load(images + (corner + y * strides.row + x * strides.pixel));
    };
    if (inside) {
      for (int y = 0; y < Size; ++y)
        for (int x = 0; x < Size; ++x) to[y * Size + x] = pixel(y, x);
      return;
    }
    for (int y = 0; y < Size; ++y)
      for (int x = 0; x < Size; ++x)
        to[y * Size + x] = y >= rows.begin && y < rows.end && x >= columns.begin && x < columns.end
                               ? pixel(y, x)
                               : Vector::all(0);
  }

  // Where a result tile lies.
  struct Tile {
    std::int64_t image, row, column;
    void next(const WinogradShape& s) {
      if (++column < s.tiles_across) return;
      column = 0;
      if (++row < s.tiles_down) return;
      row = 0;
      ++image;
    }
  };
  static Tile tile(const WinogradShape& s, std::int64_t number) {
    const std::int64_t line = number / s.tiles_across;
    return {line / s.tiles_down, line % s.tiles_down, number % s.tiles_across};
  }

  // Pixels [first, first + 4) of a side that are there.
  static Range four(std::int64_t first, std::int64_t extent) {
    return {first < 0 ? 0 : first, first + 4 < extent ? first + 4 : extent};
  }

  // Asks for pixels, four by four, before they are wanted. In line, or GCC drops it as a function
  // without effect.
  template <bool Write>
  [[gnu::always_inline]] static void prefetch(const WinogradSide& side, const float* images,
                                              std::int64_t image, std::int64_t y, std::int64_t x) {
    constexpr std::int64_t line = 16;
    const ImageStrides& strides = side.strides;
    const std::int64_t step = strides.pixel > 0 && strides.pixel < line ? line / strides.pixel : 1;
    const Range rows = four(y, side.height), columns = four(x, side.width);
    images += image * strides.image;
    for (std::int64_t c = 0; c < side.channels; c += lanes, images += strides.vector)
      for (std::int64_t i = rows.begin; i < rows.end; ++i)
        for (std::int64_t j = columns.begin; j < columns.end; j += step)
          __builtin_prefetch(images + i * strides.row + j * strides.pixel, Write, 3);
  }

  // Of a tile's window, what the tiles above and to the left did not have.
  [[gnu::always_inline]] static void prefetch_image(const WinogradShape& s, const float* input,
                                                    Tile at) {
    prefetch<false>(s.input, input, at.image, at.row * winograd_tile + 2 - s.padding_above,
                    at.column * winograd_tile + 2 - s.padding_left);
  }

  template <bool Write>
  [[gnu::always_inline]] static void prefetch_results(const WinogradShape& s, const float* output,
                                                      Tile at) {
    prefetch<Write>(s.output, output, at.image, at.row * winograd_tile, at.column * winograd_tile);
  }

  static void store_points(const Vector* points, float* to, std::int64_t plane) {
    for (std::int64_t e = 0; e < winograd_points; ++e) points[e].store(to + e * plane);
  }

  // Tiles from `at` on as [point][tile][channel]: of windows of Size × Size pixels, whose corners lie
  // `above` and `left` of the tiles'.
  template <Transform one, int Size>
  static void transform_tiles(const WinogradShape& s, const WinogradSide& side, const float* images,
                              std::int64_t above, std::int64_t left, Tile at, std::int64_t count,
                              float* to) {
    for (std::int64_t t = 0; t < count; ++t, at.next(s)) {
      const std::int64_t y = at.row * winograd_tile - above, x = at.column * winograd_tile - left;
      const Range rows = within(y, Size, side.height), columns = within(x, Size, side.width);
      std::int64_t corner =
          at.image * side.strides.image + y * side.strides.row + x * side.strides.pixel;
      for (std::int64_t c = 0; c < side.channels; c += lanes, corner += side.strides.vector) {
        Vector pixels[Size * Size], points[36];
        load_window<Size>(images, corner, side.strides, rows, columns, pixels);
        transform<one, Size, 6>(pixels, points);
        store_points(points, to + t * side.channels + c, side.plane);
      }
    }
  }

  static void transform_images(const WinogradShape& s, const float* input, Tile at,
                               std::int64_t count, float* to) {
    transform_tiles<transform_input, 6>(s, s.input, input, s.padding_above, s.padding_left, at,
                                        count, to);
  }

  static void transform_gradients(const WinogradShape& s, const float* output, Tile at,
                                  std::int64_t count, float* to) {
    transform_tiles<transform_gradient, 4>(s, s.output, output, 0, 0, at, count, to);
  }

  static void store_results(const WinogradShape& s, const float* points, Tile at,
                            std::int64_t count, float* output) {
    for (std::int64_t t = 0; t < count; ++t, at.next(s)) {
      const std::int64_t y = at.row * winograd_tile, x = at.column * winograd_tile;
      const Range rows = within(y, 4, s.output.height), columns = within(x, 4, s.output.width);
      float* corner = output + at.image * s.output.strides.image + y * s.output.strides.row +
                      x * s.output.strides.pixel;
      for (std::int64_t k = 0; k < s.output.channels;
           k += lanes, corner += s.output.strides.vector) {
        Vector products[36], pixels[16];
        for (std::int64_t e = 0; e < winograd_points; ++e)
          products[e] = Vector::load(points + e * s.output.plane + t * s.output.channels + k);
        transform<transform_output, 6, 4>(products, pixels);
        for (std::int64_t i = 0; i < rows.end; ++i)
          for (std::int64_t j = 0; j < columns.end; ++j)
            pixels[i * 4 + j].store(corner + i * s.output.strides.row + j * s.output.strides.pixel);
      }
    }
  }

  // --- Products ---

  // c[r][n] (+)= Σ_i a[r][i] b[i][n] for Rows rows and Vectors vectors of columns.
  template <int Rows, int Vectors>
  static void multiply(const float* a, std::int64_t a_row, std::int64_t a_step, const float* b,
                       std::int64_t b_step, std::int64_t depth, float* c, std::int64_t c_row,
                       bool add) {
    Vector sums[Rows][Vectors];
    for (int r = 0; r < Rows; ++r)
      for (int n = 0; n < Vectors; ++n)
        sums[r][n] = add ? Vector::load(c + r * c_row + n * lanes) : Vector::all(0);
    for (std::int64_t i = 0; i < depth; ++i, a += a_step, b += b_step) {
      Vector columns[Vectors];
      for (int n = 0; n < Vectors; ++n) columns[n] = Vector::load(b + n * lanes);
      for (int r = 0; r < Rows; ++r) {
        const Vector row = Vector::all(a[r * a_row]);
        for (int n = 0; n < Vectors; ++n) sums[r][n] = multiply_add(row, columns[n], sums[r][n]);
      }
    }
    for (int r = 0; r < Rows; ++r)
      for (int n = 0; n < Vectors; ++n) sums[r][n].store(c + r * c_row + n * lanes);
  }

  // Calls f(first column, vectors) for all columns, two vectors at a time and then one.
  template <typename F>
  static void for_panels(std::int64_t columns, const F& f) {
    std::int64_t n = 0;
    for (; n + 2 * lanes <= columns; n += 2 * lanes) f.template operator()<2>(n);
    if (n < columns) f.template operator()<1>(n);
  }

  // Where weights of input channel c and result channels from k on are: panel by panel, as they
  // are multiplied with.
  static std::int64_t panel_offset(const WinogradShape& s, std::int64_t c, std::int64_t k) {
    const std::int64_t panel = k / (2 * lanes) * (2 * lanes);
    const std::int64_t width =
        s.output.channels - panel < 2 * lanes ? s.output.channels - panel : 2 * lanes;
    return panel * s.input.channels + c * width + k - panel;
  }

  // One point of all tiles of a block: transformed images times transformed weights.
  static void multiply_tiles(const WinogradShape& s, const float* images, const float* weights,
                             std::int64_t tiles, float* results) {
    for_panels(s.output.channels, [&]<int Vectors>(std::int64_t k) {
      for (std::int64_t t = 0; t < tiles; t += Vector::rows)
        multiply<Vector::rows, Vectors>(images + t * s.input.channels, s.input.channels, 1,
                                        weights + k * s.input.channels, Vectors * lanes,
                                        s.input.channels, results + t * s.output.channels + k,
                                        s.output.channels, false);
    });
  }

  // One point of the weights' gradient: summed over tiles.
  static void multiply_channels(const WinogradShape& s, const float* images, const float* gradients,
                                std::int64_t tiles, float* sums, bool add) {
    constexpr int rows = 4;
    for_panels(s.output.channels, [&]<int Vectors>(std::int64_t k) {
      for (std::int64_t c = 0; c < s.input.channels; c += rows)
        multiply<rows, Vectors>(images + c, 1, s.input.channels, gradients + k, s.output.channels,
                                tiles, sums + c * s.output.channels + k, s.output.channels, add);
    });
  }

  // --- WinogradLoops ---

  static void weights(const WinogradShape& s, const float* weights, const WeightOffsets& offsets,
                      float* transformed, std::int64_t begin, std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c)
      for (std::int64_t k = 0; k < s.output.channels; k += lanes) {
        Vector taps[9], points[36];
        for (int tap = 0; tap < 9; ++tap) {
          float lane[lanes];
          for (std::int64_t l = 0; l < lanes; ++l)
            lane[l] =
                weights[offsets.in_channel[c] + offsets.out_channel[k + l] + offsets.tap[tap]];
          taps[tap] = Vector::load(lane);
        }
        transform<transform_weights, 3, 6>(taps, points);
        store_points(points, transformed + panel_offset(s, c, k), s.weights_plane);
      }
  }

  // Tiles [begin, end) block by block.
  struct Block {
    std::int64_t first, count, after;  // tiles before, in and of the next
  };
  template <typename F>
  static void for_blocks(std::int64_t begin, std::int64_t end, const F& f) {
    const auto size = [&](std::int64_t first) {
      const std::int64_t left = end - first;
      return left < winograd_block ? left : winograd_block;
    };
    for (std::int64_t first = begin; first < end; first += winograd_block) {
      const std::int64_t count = size(first);
      f(Block{first, count, size(first + count)});
    }
  }

  // Whether tile number `next` of `count` is due before the products of point e.
  static bool is_due(std::int64_t next, std::int64_t count, std::int64_t e) {
    return next * winograd_points < count * (e + 1);
  }

  static void convolve(const WinogradShape& s, const float* input, const float* transformed,
                       float* output, float* workspace, std::int64_t begin, std::int64_t end) {
    float* const images = workspace;
    float* const results = workspace + winograd_points * s.input.plane;
    for_blocks(begin, end, [&](const Block& block) {
      transform_images(s, input, tile(s, block.first), block.count, images);
      Tile here = tile(s, block.first), ahead = tile(s, block.first + block.count);
      std::int64_t asked_here = 0, asked_ahead = 0;
      // Rows that are no tile are computed, too, and go nowhere.
      const std::int64_t rows = (block.count + Vector::rows - 1) / Vector::rows * Vector::rows;
      for (std::int64_t e = 0; e < winograd_points; ++e) {
        for (; is_due(asked_here, block.count, e); ++asked_here, here.next(s))
          prefetch_results<true>(s, output, here);
        for (; is_due(asked_ahead, block.after, e); ++asked_ahead, ahead.next(s))
          prefetch_image(s, input, ahead);
        multiply_tiles(s, images + e * s.input.plane, transformed + e * s.weights_plane, rows,
                       results + e * s.output.plane);
      }
      store_results(s, results, tile(s, block.first), block.count, output);
    });
  }

  static void add_gradient(const WinogradShape& s, const float* input, const float* output,
                           float* sums, float* workspace, std::int64_t begin, std::int64_t end) {
    float* const images = workspace;
    float* const gradients = workspace + winograd_points * s.input.plane;
    for_blocks(begin, end, [&](const Block& block) {
      transform_images(s, input, tile(s, block.first), block.count, images);
      transform_gradients(s, output, tile(s, block.first), block.count, gradients);
      Tile ahead = tile(s, block.first + block.count);
      std::int64_t asked = 0;
      for (std::int64_t e = 0; e < winograd_points; ++e) {
        for (; is_due(asked, block.after, e); ++asked, ahead.next(s)) {
          prefetch_image(s, input, ahead);
          prefetch_results<false>(s, output, ahead);
        }
        multiply_channels(s, images + e * s.input.plane, gradients + e * s.output.plane,
                          block.count, sums + e * s.weights_plane, block.first > begin);
      }
    });
  }

  static void finish_gradient(const WinogradShape& s, const float* sums, std::int64_t parts,
                              float* weights, const WeightOffsets& offsets, std::int64_t begin,
                              std::int64_t end) {
    for (std::int64_t c = begin; c < end; ++c)
      for (std::int64_t k = 0; k < s.output.channels; k += lanes) {
        Vector points[36], taps[9];
        for (std::int64_t e = 0; e < winograd_points; ++e) {
          const float* at = sums + e * s.weights_plane + c * s.output.channels + k;
          points[e] = Vector::load(at);
          for (std::int64_t part = 1; part < parts; ++part)
            points[e] = points[e] + Vector::load(at + part * winograd_points * s.weights_plane);
        }
        transform<transform_sums, 6, 3>(points, taps);
        for (int tap = 0; tap < 9; ++tap) {
          float lane[lanes];
          taps[tap].store(lane);
          for (std::int64_t l = 0; l < lanes; ++l)
            weights[offsets.in_channel[c] + offsets.out_channel[k + l] + offsets.tap[tap]] =
                lane[l];
        }
      }
  }

  static constexpr WinogradLoops loops{lanes, weights, convolve, add_gradient, finish_gradient};
};

}  // namespace gnomon::exec::cpu
