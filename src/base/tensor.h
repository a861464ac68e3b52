#pragma once

// A dense host array in plain row-major order: what data sets yield, runs take and checkpoints
// keep. Executors may keep their own copies in other layouts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/dtype.h"
#include "base/error.h"

namespace gnomon {

using Shape = std::vector<std::int64_t>;

// The product of the extents; 1 for a scalar. Throws InputError if it overflows 2^48.
std::int64_t element_count(const Shape& shape);

std::string to_string(const Shape& shape);  // "[8, 64]"

// Memory aligned for any vector unit (64 bytes), zero-filled on request. Movable, not copyable.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes);  // contents are indeterminate

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

// The dtype that holds elements of C++ type T.
template <typename T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, Bf16>)
    return DType::bf16;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::i64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return DType::i32;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return DType::i8;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::u8;
  else {
    static_assert(std::is_same_v<T, bool>, "not an element type");
    return DType::boolean;
  }
}

// A value: copies are deep, equality compares dtype, shape and bytes.
class Tensor {
 public:
  Tensor() : Tensor(DType::f32, {0}) {}
  Tensor(DType dtype, Shape shape);  // zero-filled

  template <typename T>
  static Tensor of(Shape shape, std::span<const T> values) {
    Tensor t(dtype_of<T>(), std::move(shape));
    GNOMON_CHECK(static_cast<std::int64_t>(values.size()) == t.count(), "{} values for {} elements",
                 values.size(), t.count());
    std::copy(values.begin(), values.end(), t.span<T>().begin());
    return t;
  }
  template <typename T>
  static Tensor scalar(T value) {
    return of<T>({}, std::span<const T>(&value, 1));
  }

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;
  bool operator==(const Tensor& other) const;

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t count() const { return count_; }
  std::size_t bytes() const { return static_cast<std::size_t>(count_) * bits(dtype_) / 8; }
  std::byte* data() { return buffer_.data(); }
  const std::byte* data() const { return buffer_.data(); }

  // The elements; T must be the tensor's own element type.
  template <typename T>
  std::span<T> span() {
    GNOMON_CHECK(dtype_of<T>() == dtype_, "tensor holds {}", name(dtype_));
    return {reinterpret_cast<T*>(data()), static_cast<std::size_t>(count_)};
  }
  template <typename T>
  std::span<const T> span() const {
    GNOMON_CHECK(dtype_of<T>() == dtype_, "tensor holds {}", name(dtype_));
    return {reinterpret_cast<const T*>(data()), static_cast<std::size_t>(count_)};
  }

 private:
  DType dtype_;
  Shape shape_;
  std::int64_t count_ = 0;
  Buffer buffer_;
};

// Converts element by element, rounding to nearest even where the target is narrower; integers
// saturate.
Tensor convert(const Tensor& tensor, DType dtype);

// The same elements in the same order under another shape of as many.
Tensor reshaped(const Tensor& tensor, Shape shape);

}  // namespace gnomon
