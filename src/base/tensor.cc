#include "base/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace gnomon {

std::int64_t element_count(const Shape& shape) {
  constexpr std::int64_t limit = std::int64_t{1} << 48;
  std::int64_t count = 1;
  for (const auto extent : shape) {
    if (extent < 0 || (extent > 0 && count > limit / extent))
      throw InputError("shape {}: extents are negative or multiply beyond 2^48", to_string(shape));
    count *= extent;
  }
  return count;
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Buffer::Buffer(std::size_t bytes) : size_(bytes) {
  constexpr std::size_t alignment = 64;
  const std::size_t rounded = std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
  auto* p = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (p == nullptr) throw std::bad_alloc();
  data_.reset(p);
}

void Buffer::Free::operator()(std::byte* p) const { std::free(p); }

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype), shape_(std::move(shape)), count_(element_count(shape_)), buffer_(bytes()) {
  std::memset(data(), 0, bytes());
}

Tensor::Tensor(const Tensor& other)
    : dtype_(other.dtype_), shape_(other.shape_), count_(other.count_), buffer_(other.bytes()) {
  std::memcpy(data(), other.data(), bytes());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

bool Tensor::operator==(const Tensor& other) const {
  return dtype_ == other.dtype_ && shape_ == other.shape_ &&
         std::memcmp(data(), other.data(), bytes()) == 0;
}

namespace {

template <typename F>
void with_type(DType type, F&& f) {
  switch (type) {
    case DType::f64:
      return f(double{});
    case DType::f32:
      return f(float{});
    case DType::bf16:
      return f(Bf16{});
    case DType::i64:
      return f(std::int64_t{});
    case DType::i32:
      return f(std::int32_t{});
    case DType::i8:
      return f(std::int8_t{});
    case DType::u8:
      return f(std::uint8_t{});
    case DType::boolean:
      return f(bool{});
    case DType::token:
      return;
  }
}

template <typename T>
double widen(T value) {
  if constexpr (std::is_same_v<T, Bf16>)
    return static_cast<double>(static_cast<float>(value));
  else
    return static_cast<double>(value);
}

// Rounds to odd (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008), so
// that rounding the float again gives what rounding the double once would.
float to_odd(double value) {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || std::isnan(value)) return nearest;
  auto bits = __builtin_bit_cast(std::uint32_t, nearest);
  if (std::abs(static_cast<double>(nearest)) > std::abs(value)) --bits;
  return __builtin_bit_cast(float, bits | 1U);
}

template <typename T>
T narrow(double value) {
  if constexpr (std::is_same_v<T, Bf16>)
    return Bf16(to_odd(value));
  else if constexpr (std::is_same_v<T, bool>)
    return value != 0;
  else if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(value);
  else {
    if (std::isnan(value)) return 0;
    const double rounded = std::nearbyint(value);
    if (rounded <= static_cast<double>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    if (rounded >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(rounded);
  }
}

// Integers become i64 directly: a double holds only those of 53 bits.
template <typename From, typename To>
To convert_element(From value) {
  if constexpr (std::is_integral_v<From> && std::is_same_v<To, std::int64_t>)
    return static_cast<std::int64_t>(value);
  else
    return narrow<To>(widen(value));
}

}  // namespace

Tensor convert(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor result(dtype, tensor.shape());
  with_type(tensor.dtype(), [&](auto from) {
    with_type(dtype, [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      const auto source = tensor.span<From>();
      const auto target = result.span<To>();
      std::transform(source.begin(), source.end(), target.begin(), convert_element<From, To>);
    });
  });
  return result;
}

Tensor reshaped(const Tensor& tensor, Shape shape) {
  Tensor result(tensor.dtype(), std::move(shape));
  GNOMON_CHECK(result.count() == tensor.count(), "{} from {}", to_string(result.shape()),
               to_string(tensor.shape()));
  std::copy_n(tensor.data(), tensor.bytes(), result.data());
  return result;
}

}  // namespace gnomon
