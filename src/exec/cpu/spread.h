#pragma once

// Copying by position: the elements of one value put into the order in which another is stored,
// repeated along the dimensions that it lacks. Broadcast, transpose and change of layout are all
// this; the tape broadcasts by it block by block.

#include <cstdint>
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

  // The source has one element: every block is the same.
  bool is_scalar() const { return scalar_; }

  // Writes what stands at stored positions [begin, begin + count) of the target. Padding
  // along dimensions of the source is 0; along others it repeats like the rest.
  // For elements of the same type, as unsigned integers of their size, and for f32 and bf16 to f32.
  template <typename From, typename To>
  void expand(const From* source, std::int64_t begin, std::int64_t count, To* out) const;

 private:
  // Offsets into the source along each dimension of the target; empty for a repeated dimension. The
  // entries beyond an extent, its padding, hold `padding`.
  static constexpr std::int64_t padding = INT64_MIN / 64;
  std::vector<std::vector<std::int64_t>> offset_;
  std::vector<Level> outer_;  // loops around a chunk
  Level inner_{0, 1, 0};      // the innermost loop that moves in the source, inside the chunk
  std::int64_t period_ = 1;   // elements after which a chunk repeats; inner_.extent, or 1 to fill
  std::int64_t chunk_ = 1;
  bool scalar_ = false;
};

}  // namespace gnomon::exec::cpu
