#include "data/idx.h"

#include <zlib.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "base/file.h"

namespace gnomon::data {
namespace {

constexpr std::int64_t size_limit = std::int64_t{1} << 30;
constexpr std::size_t rank_limit = 8;
constexpr std::int64_t deflate_ratio = 1032;  // no deflate stream expands further (zlib's manual)

[[noreturn]] void fail(std::string_view origin, std::string_view what) {
  throw InputError("{}: {}; fetch the file again", origin, what);
}

// The bytes of the file in order, decompressed if they are gzip.
class Source {
 public:
  Source(std::string_view bytes, std::string_view origin) : rest_(bytes), origin_(origin) {
    if (!bytes.starts_with("\x1f\x8b")) return;
    stream_.emplace();
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_->avail_in = static_cast<uInt>(bytes.size());
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (::inflateInit2(&*stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~Source() {
    if (stream_) ::inflateEnd(&*stream_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  void read(std::span<std::byte> target) {
    if (read_some(target) < target.size()) fail(origin_, "is truncated");
  }

  // An upper bound on what is left to read.
  std::int64_t at_most() const {
    return static_cast<std::int64_t>(rest_.size()) * (stream_ ? deflate_ratio : 1);
  }

  // Nothing may follow, and gzip's checksum must agree.
  void finish() {
    std::byte extra{};
    if (read_some({&extra, 1}) > 0) fail(origin_, "goes on after the last element it declares");
    if (stream_ && !ended_) fail(origin_, "is truncated: gzip's checksum is missing");
    if (stream_ && stream_->avail_in > 0) fail(origin_, "goes on after the end of its gzip data");
  }

 private:
  std::size_t read_some(std::span<std::byte> target) {
    return stream_ ? inflate_some(target) : copy_some(target);
  }

  std::size_t copy_some(std::span<std::byte> target) {
    const std::size_t n = std::min(target.size(), rest_.size());
    if (n > 0) std::memcpy(target.data(), rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

  std::size_t inflate_some(std::span<std::byte> target) {
    stream_->next_out = reinterpret_cast<Bytef*>(target.data());
    stream_->avail_out = static_cast<uInt>(target.size());
    while (stream_->avail_out > 0 && !ended_) {
      const int status = ::inflate(&*stream_, Z_NO_FLUSH);
      if (status == Z_MEM_ERROR) throw std::bad_alloc();
      if (status == Z_BUF_ERROR) break;  // the input ended first
      if (status != Z_OK && status != Z_STREAM_END)
        fail(origin_, fmt::format("has corrupt gzip data ({})",
                                  stream_->msg != nullptr ? stream_->msg : "needs a dictionary"));
      ended_ = status == Z_STREAM_END;
    }
    return target.size() - stream_->avail_out;
  }

  std::string_view rest_;  // unread bytes of a plain file; all bytes of a gzipped one
  std::string_view origin_;
  std::optional<z_stream> stream_;
  bool ended_ = false;
};

DType element_type(std::byte code, std::string_view origin) {
  switch (std::to_integer<int>(code)) {
    case 0x08:
      return DType::u8;
    case 0x09:
      return DType::i8;
    case 0x0c:
      return DType::i32;
    case 0x0d:
      return DType::f32;
    case 0x0e:
      return DType::f64;
    case 0x0b:
      throw InputError("{}: holds 16-bit integers, which are not supported; convert them to 32",
                       origin);
  }
  fail(origin,
       fmt::format("is not IDX: element type 0x{:02x} is unknown", std::to_integer<int>(code)));
}

Shape read_shape(Source& source, std::size_t rank) {
  Shape shape;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    std::array<std::byte, 4> word{};
    source.read(word);
    std::int64_t extent = 0;
    for (const auto byte : word) extent = extent << 8 | std::to_integer<std::int64_t>(byte);
    shape.push_back(extent);
  }
  return shape;
}

// Throws if so many bytes are beyond the limit; overflow cannot happen on the way.
std::int64_t checked_size(const Shape& shape, DType dtype, std::string_view origin) {
  std::int64_t size = bits(dtype) / 8;
  for (const auto extent : shape) {
    if (extent > 0 && size > size_limit / extent)
      throw InputError("{}: declares {} elements of {}, more than 1 GiB; split the file", origin,
                       to_string(shape), name(dtype));
    size *= extent;
  }
  return size;
}

void from_big_endian(Tensor& tensor) {
  const std::size_t width = static_cast<std::size_t>(bits(tensor.dtype())) / 8;
  if (width == 1 || std::endian::native == std::endian::big) return;
  for (std::size_t i = 0; i < tensor.bytes(); i += width)
    std::reverse(tensor.data() + i, tensor.data() + i + width);
}

}  // namespace

Tensor parse_idx(std::string_view bytes, std::string_view origin) {
  if (bytes.empty()) fail(origin, "is empty");
  Source source(bytes, origin);
  std::array<std::byte, 4> magic{};
  source.read(magic);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0})
    fail(origin, "is not IDX: it does not begin with two zero bytes");
  const DType dtype = element_type(magic[2], origin);
  const auto rank = std::to_integer<std::size_t>(magic[3]);
  if (rank > rank_limit)
    throw InputError("{}: has {} axes; at most {} are supported", origin, rank, rank_limit);

  const Shape shape = read_shape(source, rank);
  const std::int64_t size = checked_size(shape, dtype, origin);
  if (size > source.at_most())
    fail(origin, fmt::format("is truncated: it declares {} elements of {}, more than it can hold",
                             to_string(shape), name(dtype)));
  Tensor tensor(dtype, shape);
  source.read({tensor.data(), tensor.bytes()});
  source.finish();
  from_big_endian(tensor);
  return tensor;
}

Tensor read_idx(const std::filesystem::path& file) {
  return parse_idx(read_file(file, Bytes(size_limit)), file.string());
}

}  // namespace gnomon::data
