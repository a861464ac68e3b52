#include "exec/cpu/padding.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "exec/cpu/layouts.h"
#include "exec/cpu/spread.h"

namespace gnomon::exec::cpu {

Padding::Padding(const Stored& stored) {
  const Shape shape = stored.shape();
  if (!is_padded(shape, stored.layout)) return;
  const auto loops = levels(shape, stored.layout);
  const auto element = static_cast<std::size_t>(bits(stored.type.dtype)) / 8;
  const Level inner = loops.back();
  const std::int64_t runs = stored_count(shape, stored.layout) / inner.extent;
  for (std::int64_t run = 0; run < runs; ++run) {
    std::array<std::int64_t, most_dimensions> position{};
    std::int64_t rest = run;
    for (auto level = loops.rbegin() + 1; level != loops.rend(); ++level) {
      position[level->dimension] += rest % level->extent * level->step;
      rest /= level->extent;
    }
    std::int64_t valid = inner.extent;
    for (std::size_t d = 0; d < shape.size(); ++d)
      if (d != inner.dimension && position[d] >= shape[d]) valid = 0;
    const std::int64_t left = shape[inner.dimension] - position[inner.dimension];
    valid = std::clamp((left + inner.step - 1) / inner.step, std::int64_t{0}, valid);
    if (valid == inner.extent) continue;
    const auto begin = static_cast<std::size_t>(run * inner.extent + valid) * element;
    const auto size = static_cast<std::size_t>(inner.extent - valid) * element;
    if (!gaps_.empty() && gaps_.back().begin + gaps_.back().bytes == begin)
      gaps_.back().bytes += size;
    else
      gaps_.push_back({begin, size});
  }
}

void Padding::zero(std::byte* memory) const {
  for (const auto& gap : gaps_) std::memset(memory + gap.begin, 0, gap.bytes);
}

}  // namespace gnomon::exec::cpu
