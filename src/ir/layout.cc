#include "ir/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace gnomon::ir {

LayoutParts parts(const Layout& layout, std::size_t rank) {
  const auto& tag = layout.tag;
  const auto malformed = [&] {
    return InputError("layout {}: malformed, or not for {} dimensions (an example: aBcd16b)", tag,
                      rank);
  };
  LayoutParts result;
  if (layout.is_row_major()) {
    for (std::size_t d = 0; d < rank; ++d) result.order.push_back(d);
    return result;
  }
  if (tag.size() > 64) throw malformed();
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  std::vector<bool> blocked(rank, false), seen(rank, false);
  std::size_t at = 0;
  for (; at < tag.size() && is_letter(tag[at]); ++at) {
    const bool upper = std::isupper(static_cast<unsigned char>(tag[at])) != 0;
    const auto d = static_cast<std::size_t>(tag[at] - (upper ? 'A' : 'a'));
    if (d >= rank || seen[d]) throw malformed();
    seen[d] = true;
    blocked[d] = upper;
    result.order.push_back(d);
  }
  if (result.order.size() != rank) throw malformed();
  while (at < tag.size()) {
    std::int64_t size = 0;
    for (; at < tag.size() && std::isdigit(static_cast<unsigned char>(tag[at])) && size < 4096;
         ++at)
      size = size * 10 + (tag[at] - '0');
    if (at == tag.size() || size < 1 || size > 4096 || tag[at] < 'a') throw malformed();
    const auto d = static_cast<std::size_t>(tag[at++] - 'a');
    if (d >= rank || !blocked[d]) throw malformed();
    result.blocks.push_back({d, size});
  }
  for (std::size_t d = 0; d < rank; ++d) {
    const bool has = std::any_of(result.blocks.begin(), result.blocks.end(),
                                 [&](const LayoutBlock& b) { return b.dimension == d; });
    if (has != blocked[d]) throw malformed();
  }
  return result;
}

Layout layout_of(const LayoutParts& parts) {
  const bool plain = parts.blocks.empty() && std::is_sorted(parts.order.begin(), parts.order.end());
  if (plain) return {};
  std::string tag;
  for (const auto d : parts.order) {
    const bool blocked = std::any_of(parts.blocks.begin(), parts.blocks.end(),
                                     [&](const LayoutBlock& b) { return b.dimension == d; });
    tag += static_cast<char>((blocked ? 'A' : 'a') + static_cast<char>(d));
  }
  for (const auto& block : parts.blocks)
    tag += fmt::format("{}{}", block.size,
                       static_cast<char>('a' + static_cast<char>(block.dimension)));
  return {tag};
}

Layout transposed(const Layout& layout, const std::vector<std::int64_t>& permutation) {
  LayoutParts result = parts(layout, permutation.size());
  const auto renamed = [&](std::size_t d) {
    return static_cast<std::size_t>(
        std::find(permutation.begin(), permutation.end(), static_cast<std::int64_t>(d)) -
        permutation.begin());
  };
  for (auto& d : result.order) d = renamed(d);
  for (auto& block : result.blocks) block.dimension = renamed(block.dimension);
  return layout_of(result);
}

Bytes stored_bytes(const Type& type, const Layout& layout) {
  Shape shape = bound_shape(type.dims);
  Shape block(shape.size(), 1);
  for (const auto& b : parts(layout, shape.size()).blocks) block[b.dimension] *= b.size;
  for (std::size_t d = 0; d < shape.size(); ++d)
    shape[d] = (shape[d] + block[d] - 1) / block[d] * block[d];
  return Bytes(static_cast<double>(element_count(shape)) * bits(type.dtype) / 8);
}

}  // namespace gnomon::ir
