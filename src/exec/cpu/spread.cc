#include "exec/cpu/spread.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gnomon::exec::cpu {

Spread::Spread(const Stored& source, const std::vector<std::int64_t>& axes, const Stored& target)
    : offset_(target.type.rank()), scalar_(element_count(source.shape()) == 1) {
  const auto along = offsets(source.shape(), source.layout);
  auto loops = levels(target.shape(), target.layout);
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

template <typename From, typename To>
void Spread::expand(const From* source, std::int64_t begin, std::int64_t count, To* out) const {
  const auto at = [&](std::int64_t offset) {
    return offset < 0 ? To{} : static_cast<To>(source[offset]);
  };
  const std::size_t rank = offset_.size();
  std::array<std::int64_t, most_dimensions> position;
  while (count > 0) {
    const std::int64_t phase = begin % chunk_;
    const std::int64_t length = std::min(count, chunk_ - phase);
    position.fill(0);
    std::int64_t rest = begin / chunk_;
    for (auto level = outer_.rbegin(); level != outer_.rend(); ++level) {
      position[level->dimension] += rest % level->extent * level->step;
      rest /= level->extent;
    }
    const auto offset_without = [&](std::size_t skipped) {
      std::int64_t offset = 0;
      for (std::size_t d = 0; d < rank; ++d)
        if (d != skipped && !offset_[d].empty())
          offset += offset_[d][static_cast<std::size_t>(position[d])];
      return offset;
    };
    if (period_ == 1) {
      std::fill_n(out, length, at(offset_without(rank)));
    } else {
      const auto& along = offset_[inner_.dimension];
      const std::int64_t base = offset_without(inner_.dimension);
      std::int64_t filled = std::min(length, period_);
      for (std::int64_t i = 0; i < filled; ++i) {
        const auto index = position[inner_.dimension] + (phase + i) % period_ * inner_.step;
        out[i] = at(base + along[static_cast<std::size_t>(index)]);
      }
      for (std::int64_t part; filled < length; filled += part) {
        part = std::min(filled, length - filled);
        std::memcpy(out + filled, out, static_cast<std::size_t>(part) * sizeof(To));
      }
    }
    begin += length;
    out += length;
    count -= length;
  }
}

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
