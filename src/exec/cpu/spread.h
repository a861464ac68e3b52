#pragma once

// Copying by position: the elements of one value put into the order in which another is stored,
// repeated along the dimensions that it lacks. Broadcast, transpose and change of layout are all
// this, and so, backwards, are sums and maxima; the tape broadcasts and reduces by it block by
// block.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "exec/cpu/kernel.h"
#include "exec/cpu/layouts.h"

namespace gnomon::exec::cpu {

// oneDNN's limit, and ours.
inline constexpr std::size_t most_dimensions = 12;

class Spread {
 public:
  // Dimension i of `source` is dimension axes[i] of `target`.
  Spread(const Stored& source, const std::vector<std::int64_t>& axes, const Stored& target);

  // Elements after which what stands there repeats, 1 where one element is repeated; and how many
  // elements do so before something else does.
  std::int64_t period() const { return period_; }
  std::int64_t chunk() const { return chunk_; }

  // Where in the source the elements at stored positions [begin, begin + count) of the target lie
  // side by side; absent if they do not. No chunk may end between them.
  std::optional<std::int64_t> place(std::int64_t begin, std::int64_t count) const;

  // Whether the chunks, one after another, take the elements of the source one after another: with
  // a period of one, one each.
  bool in_order() const;

  // Writes what stands at stored positions [begin, begin + count) of the target. Padding
  // along dimensions of the source is 0; along others it repeats like the rest.
  // For elements of the same type, as unsigned integers of their size, and for f32 and bf16 to f32.
  template <typename From, typename To>
  void expand(const From* source, std::int64_t begin, std::int64_t count, To* out) const;

  // What a block holds after `expand`, so that the next one is left as it is where the same stands.
  struct Held {
    std::int64_t chunk = -1, base = 0, first = 0, phase = 0, count = 0;
  };
  // The same for the block at `out`, which `held` describes.
  template <typename From, typename To>
  void refill(const From* source, std::int64_t begin, std::int64_t count, To* out,
              Held& held) const;

  // The adjoint: combines what stands at stored positions [begin, begin + count) of the target into
  // the elements of the source that `expand` puts there. Padding is passed over.
  void collect(ir::Reduction kind, const float* in, std::int64_t begin, std::int64_t count,
               double* source) const;

 private:
  struct Dimensions {
    Shape source;
    std::vector<std::int64_t> axes;
    Shape target;
  };
  static Dimensions collapsed(const std::vector<std::int64_t>& axes, const Shape& target);
  Spread(const Dimensions& dimensions, const ir::Layout& source_layout,
         const ir::Layout& target_layout);

  using Position = std::array<std::int64_t, most_dimensions>;

  // Calls f(position, phase, length) on the parts of chunks in [begin, begin + count): where the
  // outer loops stand, and what elements of the chunk.
  template <typename F>
  void for_chunks(std::int64_t begin, std::int64_t count, const F& f) const;
  Position position_of(std::int64_t chunk) const;
  // Where in the source the elements of a chunk's innermost loop are; padding is negative.
  struct Inner {
    const std::int64_t* along;
    std::int64_t base, step;
    std::int64_t operator()(std::int64_t lane) const { return base + along[lane * step]; }
  };
  Inner inner_from(const Position& position) const;
  // Of the element at `position`, without the dimension `skipped`.
  std::int64_t offset_without(std::size_t skipped, const Position& position) const;
  void collect_lanes(ir::Reduction kind, const float* in, std::int64_t rows, std::int64_t lane,
                     std::int64_t count, const Position& position, double* source) const;

  // Offsets into the source along each dimension of the target; empty for a repeated dimension. The
  // entries beyond an extent, its padding, hold `padding`.
  static constexpr std::int64_t padding = INT64_MIN / 64;
  std::vector<std::vector<std::int64_t>> offset_;
  std::vector<Level> outer_;  // loops around a chunk
  Level inner_{0, 1, 0};      // the innermost loop that moves in the source, inside the chunk
  std::int64_t period_ = 1;   // elements after which a chunk repeats; inner_.extent, or 1 to fill
  std::int64_t chunk_ = 1;
};

}  // namespace gnomon::exec::cpu
