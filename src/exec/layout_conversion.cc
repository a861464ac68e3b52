#include "exec/layout_conversion.h"

#include <cstring>

namespace gnomon::exec {
namespace {

// Where each element of a shape lies in a layout.
class Placement {
 public:
  Placement(const Shape& shape, const ir::Layout& layout)
      : parts_(ir::parts(layout, shape.size())), outer_(shape) {
    Shape block(shape.size(), 1);
    for (const auto& b : parts_.blocks) block[b.dimension] *= b.size;
    for (std::size_t d = 0; d < outer_.size(); ++d)
      outer_[d] = (outer_[d] + block[d] - 1) / block[d];
  }

  std::int64_t offset(Shape position) const {
    std::int64_t at = 0, stride = 1;
    for (auto block = parts_.blocks.rbegin(); block != parts_.blocks.rend(); ++block) {
      at += position[block->dimension] % block->size * stride;
      position[block->dimension] /= block->size;
      stride *= block->size;
    }
    for (auto d = parts_.order.rbegin(); d != parts_.order.rend(); ++d) {
      at += position[*d] * stride;
      stride *= outer_[*d];
    }
    return at;
  }

 private:
  ir::LayoutParts parts_;
  Shape outer_;  // extents in whole blocks
};

// The next position in row-major order.
void advance(Shape& position, const Shape& shape) {
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (++position[d] < shape[d]) return;
    position[d] = 0;
  }
}

// Calls copy(row-major byte offset, byte offset in the layout, bytes) for every element.
template <typename F>
void for_each_element(DType dtype, const Shape& shape, const ir::Layout& layout, F&& copy) {
  const auto size = static_cast<std::size_t>(bits(dtype) / 8);
  if (size == 0) return;  // a token holds nothing
  const Placement placement(shape, layout);
  const auto count = static_cast<std::size_t>(element_count(shape));
  Shape position(shape.size(), 0);
  for (std::size_t i = 0; i < count; ++i, advance(position, shape))
    copy(i * size, static_cast<std::size_t>(placement.offset(position)) * size, size);
}

std::size_t stored_size(DType dtype, const Shape& shape, const ir::Layout& layout) {
  return static_cast<std::size_t>(
      ir::stored_bytes({dtype, {shape.begin(), shape.end()}}, layout).value);
}

}  // namespace

Buffer from_row_major(const Tensor& value, const ir::Layout& layout) {
  Buffer bytes(stored_size(value.dtype(), value.shape(), layout));
  std::memset(bytes.data(), 0, bytes.size());
  for_each_element(value.dtype(), value.shape(), layout,
                   [&](std::size_t plain, std::size_t laid, std::size_t size) {
                     std::memcpy(bytes.data() + laid, value.data() + plain, size);
                   });
  return bytes;
}

Tensor to_row_major(std::span<const std::byte> bytes, DType dtype, const Shape& shape,
                    const ir::Layout& layout) {
  const auto expected = stored_size(dtype, shape, layout);
  GNOMON_CHECK(bytes.size() >= expected, "{} bytes, the layout takes {}", bytes.size(), expected);
  Tensor value(dtype, shape);
  for_each_element(dtype, shape, layout,
                   [&](std::size_t plain, std::size_t laid, std::size_t size) {
                     std::memcpy(value.data() + plain, bytes.data() + laid, size);
                   });
  return value;
}

}  // namespace gnomon::exec
