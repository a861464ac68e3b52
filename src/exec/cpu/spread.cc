#include "exec/cpu/spread.h"

#include <algorithm>
#include <cstring>

#include "exec/cpu/reduction_loops.h"
#include "exec/cpu/tape_loops.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t longest_collapsed = 1 << 16;  // a table has an entry for each

template <typename From, typename To>
void copy_run(const From* in, To* out, std::int64_t count) {
  if constexpr (std::is_same_v<From, To>)
    std::copy_n(in, count, out);
  else
    widen(in, out, count);
}

template <typename T>
void fill_run(T value, T* out, std::int64_t count) {
  if constexpr (std::is_same_v<T, float>)
    fill(value, out, count);
  else
    std::fill_n(out, count, value);
}

}  // namespace

// In row-major order neighbouring dimensions that both values have, in the same order, or that are
// both repeated, are one.
Spread::Dimensions Spread::collapsed(const std::vector<std::int64_t>& axes, const Shape& target) {
  Dimensions result;
  std::int64_t last_axis = -1;
  for (std::int64_t d = 0; d < static_cast<std::int64_t>(target.size()); ++d) {
    const auto extent = target[static_cast<std::size_t>(d)];
    const auto found = std::find(axes.begin(), axes.end(), d);
    const std::int64_t axis = found == axes.end() ? -1 : found - axes.begin();
    const bool was_there =
        !result.axes.empty() &&
        result.axes.back() == static_cast<std::int64_t>(result.target.size()) - 1;
    const bool fits =
        axis < 0 || (!result.source.empty() && result.source.back() * extent <= longest_collapsed);
    const bool continues =
        d > 0 && fits && (axis < 0 ? !was_there : was_there && axis == last_axis + 1);
    if (continues) {
      result.target.back() *= extent;
      if (axis >= 0) result.source.back() *= extent;
    } else {
      if (axis >= 0) {
        result.axes.push_back(static_cast<std::int64_t>(result.target.size()));
        result.source.push_back(extent);
      }
      result.target.push_back(extent);
    }
    last_axis = axis;
  }
  return result;
}

Spread::Spread(const Stored& source, const std::vector<std::int64_t>& axes, const Stored& target)
    : Spread(source.layout.is_row_major() && target.layout.is_row_major() &&
                     std::is_sorted(axes.begin(), axes.end())
                 ? collapsed(axes, target.shape())
                 : Dimensions{source.shape(), axes, target.shape()},
             source.layout, target.layout) {}

Spread::Spread(const Dimensions& dimensions, const ir::Layout& source_layout,
               const ir::Layout& target_layout)
    : offset_(dimensions.target.size()) {
  const auto& axes = dimensions.axes;
  const auto along = offsets(dimensions.source, source_layout);
  auto loops = levels(dimensions.target, target_layout);
  for (std::size_t i = 0; i < axes.size(); ++i)
    offset_[static_cast<std::size_t>(axes[i])] = along[i];
  for (const auto& level : loops) {
    auto& table = offset_[level.dimension];
    if (!table.empty() && level.step * level.extent > static_cast<std::int64_t>(table.size()))
      table.resize(static_cast<std::size_t>(level.step * level.extent), padding);
  }
  const auto repeats = [&](const Level& level) { return offset_[level.dimension].empty(); };
  const auto take_repeats = [&] {
    for (; !loops.empty() && repeats(loops.back()); loops.pop_back()) chunk_ *= loops.back().extent;
  };
  take_repeats();
  if (chunk_ <= 1 && !loops.empty()) {
    inner_ = loops.back();
    loops.pop_back();
    period_ = chunk_ = inner_.extent;
    take_repeats();
  }
  outer_ = std::move(loops);
}

Spread::Position Spread::position_of(std::int64_t chunk) const {
  Position position{};
  for (auto level = outer_.rbegin(); level != outer_.rend(); ++level) {
    position[level->dimension] += chunk % level->extent * level->step;
    chunk /= level->extent;
  }
  return position;
}

template <typename F>
void Spread::for_chunks(std::int64_t begin, std::int64_t count, const F& f) const {
  if (count <= 0) return;
  std::int64_t chunk = begin / chunk_, phase = begin % chunk_;
  Position position{};
  std::int64_t left = 0;  // chunks before the innermost loop starts again
  for (; count > 0; ++chunk, phase = 0) {
    if (left > 0) {
      position[outer_.back().dimension] += outer_.back().step;
    } else {
      position = position_of(chunk);
      left = outer_.empty() ? 1 : outer_.back().extent - chunk % outer_.back().extent;
    }
    --left;
    const std::int64_t length = std::min(count, chunk_ - phase);
    f(position, phase, length);
    count -= length;
  }
}

std::int64_t Spread::offset_without(std::size_t skipped, const Position& position) const {
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < offset_.size(); ++d)
    if (d != skipped && !offset_[d].empty())
      offset += offset_[d][static_cast<std::size_t>(position[d])];
  return offset;
}

Spread::Inner Spread::inner_from(const Position& position) const {
  return {offset_[inner_.dimension].data() + position[inner_.dimension],
          offset_without(inner_.dimension, position), inner_.step};
}

std::optional<std::int64_t> Spread::place(std::int64_t begin, std::int64_t count) const {
  const Position position = position_of(begin / chunk_);
  if (period_ == 1) {
    const std::int64_t offset = offset_without(offset_.size(), position);
    return count == 1 && offset >= 0 ? std::optional(offset) : std::nullopt;
  }
  const std::int64_t lane = begin % chunk_ % period_;
  if (lane + count > period_) return std::nullopt;
  const Inner offset = inner_from(position);
  const std::int64_t first = offset(lane);
  if (first < 0 || offset(lane + count - 1) - first != count - 1) return std::nullopt;
  return first;
}

bool Spread::in_order() const {
  if (period_ != 1) return false;
  std::int64_t expected = 1;
  for (auto level = outer_.rbegin(); level != outer_.rend(); ++level) {
    const auto& along = offset_[level->dimension];
    if (along.empty() || along.back() < 0) return false;
    if (level->extent > 1 && along[static_cast<std::size_t>(level->step)] != expected) return false;
    expected *= level->extent;
  }
  return true;
}

template <typename From, typename To>
void Spread::expand(const From* source, std::int64_t begin, std::int64_t count, To* out) const {
  const auto at = [&](std::int64_t offset) {
    return offset < 0 ? To{} : static_cast<To>(source[offset]);
  };
  for_chunks(begin, count, [&](const Position& position, std::int64_t phase, std::int64_t length) {
    if (period_ == 1) {
      fill_run(at(offset_without(offset_.size(), position)), out, length);
    } else {
      const Inner offset = inner_from(position);
      const auto copy = [&](std::int64_t lane, std::int64_t run, To* to) {
        const std::int64_t last = lane + run - 1;
        if (run > 0 && offset(lane) >= 0 && offset(last) - offset(lane) == run - 1)
          copy_run(source + offset(lane), to, run);
        else
          for (std::int64_t i = 0; i < run; ++i) to[i] = at(offset(lane + i));
      };
      std::int64_t filled = std::min(length, period_);
      const std::int64_t lane = phase % period_, to_end = std::min(filled, period_ - lane);
      copy(lane, to_end, out);
      copy(0, filled - to_end, out + to_end);
      for (std::int64_t part; filled < length; filled += part) {
        part = std::min(filled, length - filled);
        std::memcpy(out + filled, out, static_cast<std::size_t>(part) * sizeof(To));
      }
    }
    out += length;
  });
}

template <typename From, typename To>
void Spread::refill(const From* source, std::int64_t begin, std::int64_t count, To* out,
                    Held& held) const {
  const std::int64_t chunk = begin / chunk_, phase = begin % chunk_;
  if (phase + count > chunk_) {
    held.chunk = -1;
    expand(source, begin, count, out);
    return;
  }
  Held wanted{chunk, held.base, held.first, phase % period_, count};
  if (chunk != held.chunk) {
    const Position position = position_of(chunk);
    wanted.base = offset_without(period_ == 1 ? offset_.size() : inner_.dimension, position);
    wanted.first = period_ == 1 ? 0 : position[inner_.dimension];
  }
  const bool same = held.chunk >= 0 && wanted.base == held.base && wanted.first == held.first &&
                    wanted.phase == held.phase && count <= held.count;
  if (same) wanted.count = held.count;
  held = wanted;
  if (!same) expand(source, begin, count, out);
}

void Spread::collect(ir::Reduction kind, const float* in, std::int64_t begin, std::int64_t count,
                     double* source) const {
  for_chunks(begin, count, [&](const Position& position, std::int64_t phase, std::int64_t length) {
    if (period_ == 1) {
      const std::int64_t offset = offset_without(offset_.size(), position);
      if (offset >= 0) reduce_rows(kind, in, length, 1, 1, source + offset);
      in += length;
      return;
    }
    // Lanes to the end of a row, whole rows, lanes from the start of a row.
    for (std::int64_t lanes; length > 0; in += lanes, phase += lanes, length -= lanes) {
      const std::int64_t lane = phase % period_;
      const bool whole = lane == 0 && length >= period_;
      const std::int64_t rows = whole ? length / period_ : 1;
      const std::int64_t width = whole ? period_ : std::min(length, period_ - lane);
      collect_lanes(kind, in, rows, lane, width, position, source);
      lanes = rows * width;
    }
  });
}

void Spread::collect_lanes(ir::Reduction kind, const float* in, std::int64_t rows,
                           std::int64_t lane, std::int64_t count, const Position& position,
                           double* source) const {
  const Inner offset = inner_from(position);
  while (count > 0 && offset(lane + count - 1) < 0) --count;  // padding comes last
  if (count == 0) return;
  if (offset(lane + count - 1) - offset(lane) == count - 1) {
    reduce_rows(kind, in, rows, count, period_, source + offset(lane));
    return;
  }
  for (std::int64_t l = 0; l < count; ++l)
    reduce_rows(kind, in + l, rows, 1, period_, source + offset(lane + l));
}

template void Spread::refill(const float*, std::int64_t, std::int64_t, float*, Held&) const;
template void Spread::refill(const Bf16*, std::int64_t, std::int64_t, float*, Held&) const;
template void Spread::expand(const float*, std::int64_t, std::int64_t, float*) const;
template void Spread::expand(const Bf16*, std::int64_t, std::int64_t, float*) const;
template void Spread::expand(const std::uint8_t*, std::int64_t, std::int64_t, std::uint8_t*) const;
template void Spread::expand(const std::uint16_t*, std::int64_t, std::int64_t,
                             std::uint16_t*) const;
template void Spread::expand(const std::uint32_t*, std::int64_t, std::int64_t,
                             std::uint32_t*) const;
template void Spread::expand(const std::uint64_t*, std::int64_t, std::int64_t,
                             std::uint64_t*) const;

}  // namespace gnomon::exec::cpu
