#include "exec/reference/index_nest.h"

#include <string>

#include "base/error.h"

namespace gnomon::exec::reference {
namespace {

// Element strides of one tensor by index; an index on two dimensions (a diagonal) adds them up.
std::map<std::string, std::int64_t> strides(const ir::Rule::Indices& side,
                                            const std::map<std::string, ir::Dim>& size) {
  std::map<std::string, std::int64_t> result;
  std::int64_t stride = 1;
  for (auto index = side.rbegin(); index != side.rend(); ++index) {
    result[*index] += stride;
    stride *= size.at(*index).size;
  }
  return result;
}

std::int64_t quotient_rounded_up(std::int64_t a, std::int64_t b) {
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

}  // namespace

IndexNest::IndexNest(const ir::IndexSpace& space) : windows_(space.windows.size()) {
  GNOMON_CHECK(space.operands.size() <= 2 && space.results.size() == 1, "too many tensors");
  GNOMON_CHECK(windows_ <= most_windows, "{} windows", windows_);
  const auto order = space.loops();
  loops_.resize(std::max<std::size_t>(order.size(), 1));
  const auto depth = [&](const std::string& index) {
    return static_cast<std::size_t>(std::find(order.begin(), order.end(), index) - order.begin());
  };
  for (std::size_t i = 0; i < order.size(); ++i) loops_[i].extent = space.size.at(order[i]).size;

  for (std::size_t w = 0; w < windows_; ++w) {
    const auto& window = space.windows[w];
    const auto position = depth(window.position), tap = depth(window.tap);
    sources_[w] = -window.padding;
    source_extents_[w] = space.size.at(window.source).size;
    loops_[position].source_step[w] += window.stride;
    loops_[tap].source_step[w] += window.dilation;
    loops_[std::max(position, tap)].closes.push_back(w);
  }

  const auto place = [&](const ir::Rule::Indices& side, std::int64_t Offsets::*offset) {
    auto stride = strides(side, space.size);
    for (std::size_t w = 0; w < windows_; ++w) {
      const auto& window = space.windows[w];
      const auto source = stride.find(window.source);
      if (source == stride.end()) continue;
      stride[window.position] += source->second * window.stride;
      stride[window.tap] += source->second * window.dilation;
      start_.*offset -= source->second * window.padding;
    }
    for (std::size_t i = 0; i < order.size(); ++i)
      if (const auto found = stride.find(order[i]); found != stride.end())
        loops_[i].step.*offset = found->second;
  };
  if (!space.operands.empty()) place(space.operands[0], &Offsets::lhs);
  if (space.operands.size() == 2) place(space.operands[1], &Offsets::rhs);
  place(space.results[0], &Offsets::result);
}

IndexNest::Range IndexNest::inside(const Loop& loop, const Sources& sources) const {
  Range range{0, loop.extent};
  for (const auto w : loop.closes) {
    const auto step = loop.source_step[w];
    range.begin = std::max(range.begin, quotient_rounded_up(-sources[w], step));
    range.end = std::min(range.end, quotient_rounded_up(source_extents_[w] - sources[w], step));
  }
  return range;
}

}  // namespace gnomon::exec::reference
