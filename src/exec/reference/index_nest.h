#pragma once

// The loops of an index rule over row-major tensors. Offsets into operands and results are affine
// in the loop indices; so is the source of a window (stride × position + dilation × tap - padding),
// and the points whose source falls into the padding are left out.

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "ir/rule.h"

namespace gnomon::exec::reference {

class IndexNest {
 public:
  // Element offsets into the operands (at most two) and the result of one point.
  struct Offsets {
    std::int64_t lhs = 0, rhs = 0, result = 0;
  };

  explicit IndexNest(const ir::IndexSpace& space);

  // Calls row(offsets of its first point, step to the next, points) for every stretch of the
  // innermost loop, in the order of IndexSpace::loops(). Returns the number of points.
  template <typename F>
  std::int64_t for_each_row(F&& row) const {
    return visit(0, start_, sources_, row);
  }

 private:
  static constexpr std::size_t most_windows = 4;
  using Sources = std::array<std::int64_t, most_windows>;

  struct Loop {
    std::int64_t extent = 1;
    Offsets step;
    Sources source_step{};
    std::vector<std::size_t> closes;  // windows whose source is known inside this loop
  };

  struct Range {
    std::int64_t begin, end;
  };

  // The iterations in which no window that this loop closes lies in the padding.
  Range inside(const Loop& loop, const Sources& sources) const;

  static Offsets moved(Offsets at, const Offsets& step, std::int64_t times) {
    return {at.lhs + step.lhs * times, at.rhs + step.rhs * times, at.result + step.result * times};
  }

  template <typename F>
  std::int64_t visit(std::size_t depth, const Offsets& at, const Sources& sources, F& row) const {
    const Loop& loop = loops_[depth];
    const auto [begin, end] = inside(loop, sources);
    if (begin >= end) return 0;
    if (depth + 1 == loops_.size()) {
      row(moved(at, loop.step, begin), loop.step, end - begin);
      return end - begin;
    }
    std::int64_t points = 0;
    for (auto i = begin; i < end; ++i) {
      Sources inner = sources;
      for (std::size_t w = 0; w < windows_; ++w) inner[w] += loop.source_step[w] * i;
      points += visit(depth + 1, moved(at, loop.step, i), inner, row);
    }
    return points;
  }

  std::vector<Loop> loops_;
  Offsets start_;
  std::size_t windows_ = 0;
  Sources sources_{};         // of each window, with all loop indices 0
  Sources source_extents_{};  // of each window
};

}  // namespace gnomon::exec::reference
