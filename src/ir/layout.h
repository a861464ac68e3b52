#pragma once

// How an executor lays a value out in memory: an annotation that never changes meaning. Written as
// a tag, outermost dimension first: letters a, b, c … are dimensions 0, 1, 2 …; an upper-case
// letter is a dimension split into blocks whose sizes follow, innermost last.
//   ""          row-major, dense
//   "acdb"      channels last
//   "aBcd16b"   channels in blocks of 16, innermost; a dimension that is no multiple of its block
//   is padded with zeros

#include <string>

#include "ir/type.h"

namespace gnomon::ir {

struct Layout {
  std::string tag;

  bool is_row_major() const { return tag.empty(); }
  bool operator==(const Layout&) const = default;
};

struct LayoutBlock {
  std::size_t dimension;
  std::int64_t size;
};

// A tag taken apart.
struct LayoutParts {
  std::vector<std::size_t> order;   // dimensions, outermost first
  std::vector<LayoutBlock> blocks;  // inner blocks, outermost first
};

// Throws InputError if the tag is malformed or does not fit `rank`.
LayoutParts parts(const Layout& layout, std::size_t rank);
Layout layout_of(const LayoutParts& parts);

// Of a value's transposition, whose dimension i is the value's permutation[i]: the layout in which
// it lies where the value lies.
Layout transposed(const Layout& layout, const std::vector<std::int64_t>& permutation);

// Bytes that a value of this type (at its bound) takes in this layout, padding included.
Bytes stored_bytes(const Type& type, const Layout& layout);

}  // namespace gnomon::ir
