#include "exec/cpu/layouts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

namespace gnomon::exec::cpu {
namespace {

struct Blocking {
  std::vector<std::int64_t> block;  // product of a dimension's inner blocks
  std::vector<std::int64_t> outer;  // steps of the outer loop over a dimension
};

Blocking blocking(const Shape& shape, const ir::LayoutParts& parts) {
  Blocking result{std::vector<std::int64_t>(shape.size(), 1), {}};
  for (const auto& b : parts.blocks) result.block[b.dimension] *= b.size;
  for (std::size_t d = 0; d < shape.size(); ++d)
    result.outer.push_back((shape[d] + result.block[d] - 1) / result.block[d]);
  return result;
}

bool stores_like_row_major(const Shape& shape, const ir::LayoutParts& parts) {
  if (!parts.blocks.empty()) return false;
  std::vector<std::size_t> long_ones;
  for (const auto d : parts.order)
    if (shape[d] > 1) long_ones.push_back(d);
  return std::is_sorted(long_ones.begin(), long_ones.end());
}

// The step between every so many positions along a dimension, if it is the same everywhere.
std::optional<std::int64_t> even_step(const std::vector<std::int64_t>& offsets,
                                      std::int64_t every = 1) {
  const auto step = static_cast<std::size_t>(every);
  if (offsets.size() <= step) return 0;
  const std::int64_t first = offsets[step] - offsets[0];
  for (std::size_t i = step; i < offsets.size(); i += step)
    if (offsets[i] - offsets[i - step] != first) return std::nullopt;
  return first;
}

}  // namespace

std::optional<dnnl::memory::data_type> onednn_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return dnnl::memory::data_type::f32;
    case DType::bf16:
      return dnnl::memory::data_type::bf16;
    case DType::i32:
      return dnnl::memory::data_type::s32;
    case DType::i8:
      return dnnl::memory::data_type::s8;
    case DType::u8:
      return dnnl::memory::data_type::u8;
    case DType::f64:
    case DType::i64:
    case DType::boolean:
    case DType::token:
      return std::nullopt;
  }
  return std::nullopt;
}

dnnl::memory::desc describe(const ir::Type& type, const ir::Layout& layout) {
  const Shape shape = ir::bound_shape(type.dims);
  const auto parts = ir::parts(layout, shape.size());
  const auto [block, outer] = blocking(shape, parts);
  // Strides of blocks are refused by the constructor, so that they are put in by hand.
  dnnl::memory::dims dense(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;)
    dense[d - 1] = dense[d] * std::max<std::int64_t>(shape[d], 1);
  dnnl::memory::desc result(shape, onednn_type(type.dtype).value(), dense);
  auto& raw = result.data;
  auto& inner = raw.format_desc.blocking;
  std::int64_t stride =
      std::accumulate(block.begin(), block.end(), std::int64_t{1}, std::multiplies<>());
  for (auto d = parts.order.rbegin(); d != parts.order.rend(); ++d) {
    inner.strides[*d] = stride;
    stride *= std::max<std::int64_t>(outer[*d], 1);
  }
  inner.inner_nblks = static_cast<int>(parts.blocks.size());
  for (std::size_t i = 0; i < parts.blocks.size(); ++i) {
    inner.inner_blks[i] = parts.blocks[i].size;
    inner.inner_idxs[i] = static_cast<dnnl_dim_t>(parts.blocks[i].dimension);
  }
  for (std::size_t d = 0; d < shape.size(); ++d) raw.padded_dims[d] = outer[d] * block[d];
  return result;
}

std::optional<ir::Layout> layout_from(const dnnl::memory::desc& descriptor) {
  const auto& raw = descriptor.data;
  if (raw.format_kind != dnnl_blocked || raw.extra.flags != 0 || raw.offset0 != 0)
    return std::nullopt;
  const auto rank = static_cast<std::size_t>(raw.ndims);
  const auto& inner = raw.format_desc.blocking;
  ir::LayoutParts parts;
  for (int i = 0; i < inner.inner_nblks; ++i)
    parts.blocks.push_back({static_cast<std::size_t>(inner.inner_idxs[i]), inner.inner_blks[i]});
  const Shape shape(raw.dims, raw.dims + rank);
  const Blocking split = blocking(shape, parts);
  for (std::size_t d = 0; d < rank; ++d) {
    if (raw.padded_dims[d] != split.outer[d] * split.block[d] || raw.padded_offsets[d] != 0)
      return std::nullopt;
    parts.order.push_back(d);
  }
  // Of equal strides the inner one steps once only.
  std::stable_sort(parts.order.begin(), parts.order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(inner.strides[a], split.outer[a]) >
           std::pair(inner.strides[b], split.outer[b]);
  });
  std::int64_t stride =
      std::accumulate(split.block.begin(), split.block.end(), std::int64_t{1}, std::multiplies<>());
  for (auto d = parts.order.rbegin(); d != parts.order.rend(); ++d) {
    if (split.outer[*d] > 1 && inner.strides[*d] != stride) return std::nullopt;
    stride *= std::max<std::int64_t>(split.outer[*d], 1);
  }
  if (stores_like_row_major(shape, parts)) return ir::Layout{};
  return ir::layout_of(parts);
}

std::vector<Level> levels(const Shape& shape, const ir::Layout& layout) {
  const auto parts = ir::parts(layout, shape.size());
  auto [step, outer] = blocking(shape, parts);
  std::vector<Level> result;
  for (const auto d : parts.order) result.push_back({d, outer[d], step[d]});
  for (const auto& b : parts.blocks) {
    step[b.dimension] /= b.size;
    result.push_back({b.dimension, b.size, step[b.dimension]});
  }
  return result;
}

std::int64_t stored_count(const Shape& shape, const ir::Layout& layout) {
  std::int64_t count = 1;
  for (const auto& level : levels(shape, layout)) count *= level.extent;
  return count;
}

bool is_padded(const Shape& shape, const ir::Layout& layout) {
  return stored_count(shape, layout) != element_count(shape);
}

bool reduces_padding(const Shape& shape, const ir::Layout& layout,
                     const std::vector<std::int64_t>& axes) {
  const auto [block, outer] = blocking(shape, ir::parts(layout, shape.size()));
  return std::any_of(axes.begin(), axes.end(), [&, &block = block, &outer = outer](auto axis) {
    const auto d = static_cast<std::size_t>(axis);
    return block[d] * outer[d] != shape[d];
  });
}

std::optional<std::vector<std::int64_t>> strides(const Shape& shape, const ir::Layout& layout) {
  const auto parts = ir::parts(layout, shape.size());
  if (!parts.blocks.empty()) return std::nullopt;
  std::vector<std::int64_t> result(shape.size());
  std::int64_t stride = 1;
  for (auto d = parts.order.rbegin(); d != parts.order.rend(); ++d) {
    result[*d] = stride;
    stride *= shape[*d];
  }
  return result;
}

std::vector<std::vector<std::int64_t>> offsets(const Shape& shape, const ir::Layout& layout) {
  std::vector<std::vector<std::int64_t>> result;
  for (const auto extent : shape)
    result.emplace_back(static_cast<std::size_t>(extent), std::int64_t{0});
  std::int64_t stride = 1;
  const auto loops = levels(shape, layout);
  for (auto level = loops.rbegin(); level != loops.rend(); ++level) {
    auto& along = result[level->dimension];
    for (std::size_t i = 0; i < along.size(); ++i)
      along[i] += static_cast<std::int64_t>(i) / level->step % level->extent * stride;
    stride *= level->extent;
  }
  return result;
}

std::optional<ImageStrides> image_strides(const Shape& shape, const ir::Layout& layout,
                                          std::int64_t lanes) {
  const auto along = offsets(shape, layout);
  for (std::size_t c = 0; c < along[1].size(); ++c)
    if (along[1][c] - along[1][c - c % static_cast<std::size_t>(lanes)] !=
        static_cast<std::int64_t>(c) % lanes)
      return std::nullopt;
  const std::array steps{even_step(along[0]), even_step(along[1], lanes), even_step(along[2]),
                         even_step(along[3])};
  if (!std::all_of(steps.begin(), steps.end(), [](const auto& s) { return s.has_value(); }))
    return std::nullopt;
  return ImageStrides{*steps[0], *steps[1], *steps[2], *steps[3]};
}

ir::Layout in_vectors(std::int64_t lanes) { return {fmt::format("aBcd{}b", lanes)}; }

ir::Layout near_vectors(const Shape& shape, const ir::Layout& layout, std::int64_t lanes) {
  return image_strides(shape, layout, lanes) ? layout : in_vectors(lanes);
}

}  // namespace gnomon::exec::cpu
