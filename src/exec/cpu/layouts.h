#pragma once

// Layouts as oneDNN knows them (dnnl_memory_desc_t: strides of the outer dimensions and a list of
// inner blocks) and as programs write them (ir/layout.h), one translated into the other; and the
// walk over memory that our own kernels share.

#include <dnnl.hpp>
#include <optional>
#include <vector>

#include "exec/cpu/image_strides.h"
#include "ir/layout.h"
#include "ir/type.h"

namespace gnomon::exec::cpu {

// nullopt for element types that oneDNN 2.6 lacks (f64, i64, bool).
std::optional<dnnl::memory::data_type> onednn_type(DType dtype);

// The descriptor of a value of a static type in this layout.
dnnl::memory::desc describe(const ir::Type& type, const ir::Layout& layout);

// The layout that a primitive chose. nullopt if a tag cannot say it: gaps between elements, extra
// compensation data. Layouts that store the same bytes as row-major order, because the dimensions
// that moved have one element, come back as row-major.
std::optional<ir::Layout> layout_from(const dnnl::memory::desc& descriptor);

// One loop over memory: `extent` steps through `dimension`, each of which advances the position in
// that dimension by `step`.
struct Level {
  std::size_t dimension;
  std::int64_t extent;
  std::int64_t step;
};

// The loops that visit a stored value in the order of its memory, outermost first, padding
// included.
std::vector<Level> levels(const Shape& shape, const ir::Layout& layout);

// Elements stored, padding included, and whether there is any.
std::int64_t stored_count(const Shape& shape, const ir::Layout& layout);
bool is_padded(const Shape& shape, const ir::Layout& layout);

// Whether there is padding among what a reduction over `axes` would combine.
bool reduces_padding(const Shape& shape, const ir::Layout& layout,
                     const std::vector<std::int64_t>& axes);

// From one position of each dimension to the next, in elements; nullopt in blocks.
std::optional<std::vector<std::int64_t>> strides(const Shape& shape, const ir::Layout& layout);

// The offset of each position along one dimension, which for blocked layouts is no multiple of a
// stride. The offset of an element is the sum over its dimensions.
std::vector<std::vector<std::int64_t>> offsets(const Shape& shape, const ir::Layout& layout);

// How images [n, c, h, w] lie; nullopt unless the channels of each vector of so many lanes lie
// together and steps are even. The last vector need not be whole.
std::optional<ImageStrides> image_strides(const Shape& shape, const ir::Layout& layout,
                                          std::int64_t lanes);

// Images whose channels lie together in vectors of so many lanes.
ir::Layout in_vectors(std::int64_t lanes);
// This layout if image_strides knows it, else that.
ir::Layout near_vectors(const Shape& shape, const ir::Layout& layout, std::int64_t lanes);

}  // namespace gnomon::exec::cpu
