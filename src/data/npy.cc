#include "data/npy.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "base/file.h"

namespace gnomon::data {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t longest_header = std::size_t{64} << 10;
constexpr std::size_t rank_limit = 32;
constexpr std::size_t alignment = 64;  // of the elements in the file

template <typename... Args>
[[noreturn]] void fail(std::string_view origin, fmt::format_string<Args...> format,
                       Args&&... args) {
  throw InputError("{}: {}", origin, fmt::format(format, std::forward<Args>(args)...));
}

// How the file stores one element, and what it becomes.
struct ElementType {
  std::string_view code;  // after the byte order
  std::size_t width;      // bytes in the file
  DType dtype;
};
constexpr std::array<ElementType, 11> element_types = {{{"b1", 1, DType::boolean},
                                                        {"i1", 1, DType::i8},
                                                        {"u1", 1, DType::u8},
                                                        {"i2", 2, DType::i32},
                                                        {"u2", 2, DType::i32},
                                                        {"i4", 4, DType::i32},
                                                        {"u4", 4, DType::i64},
                                                        {"i8", 8, DType::i64},
                                                        {"f2", 2, DType::f32},
                                                        {"f4", 4, DType::f32},
                                                        {"f8", 8, DType::f64}}};

struct Header {
  ElementType type{};
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;
};

// The header's dictionary: a literal of Python with three known keys, in any order.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view origin) : text_(text), origin_(origin) {}

  Header parse() {
    std::optional<std::string_view> descr;
    std::optional<bool> fortran_order;
    std::optional<Shape> shape;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !descr) {
        if (peek() == '[')
          fail(origin_, "holds records, which are not supported; save each field as an array");
        descr = string();
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = tuple();
      } else {
        damaged("has the key '{}' twice or should not have it", printable(key));
      }
      if (!accept(',') && peek() != '}') damaged("lacks a comma at byte {}", at_);
    }
    skip_space();
    if (at_ != text_.size()) damaged("goes on after its dictionary");
    if (!descr || !fortran_order || !shape) damaged("lacks descr, fortran_order or shape");
    Header header{.fortran_order = *fortran_order, .shape = *shape};
    read_type(*descr, header);
    return header;
  }

 private:
  template <typename... Args>
  [[noreturn]] void damaged(fmt::format_string<Args...> format, Args&&... args) const {
    fail(origin_, "is damaged: the header {}; save the array again",
         fmt::format(format, std::forward<Args>(args)...));
  }

  static std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, 32)) result += c >= ' ' && c <= '~' ? c : '?';
    return result;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) damaged("lacks '{}' at byte {}", c, at_);
  }

  std::string_view string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') damaged("lacks a string at byte {}", at_);
    const std::size_t begin = ++at_;
    const std::size_t end = text_.find(quote, begin);
    if (end == text_.npos) damaged("has a string without end");
    at_ = end + 1;
    return text_.substr(begin, end - begin);
  }

  bool boolean() {
    skip_space();
    for (const auto& [word, value] :
         {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    damaged("has a fortran_order that is neither True nor False");
  }

  Shape tuple() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      if (shape.size() == rank_limit)
        fail(origin_, "has more than {} axes; reshape the array", rank_limit);
      shape.push_back(extent());
      const bool comma = accept(',');
      if (!comma && (peek() != ')' || shape.size() == 1))
        damaged("has a shape that is no tuple of extents");
    }
    return shape;
  }

  std::int64_t extent() {
    skip_space();
    std::int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) damaged("has a shape that is no tuple of extents");
    at_ += static_cast<std::size_t>(end - begin);
    if (peek() == 'L') ++at_;  // Python 2 wrote long integers so
    return value;
  }

  void read_type(std::string_view descr, Header& header) const {
    const std::string_view code = descr.empty() ? descr : descr.substr(1);
    for (const auto& type : element_types) {
      if (type.code != code) continue;
      const char order = descr.front();
      if (order != '<' && order != '>' && order != '=' && !(order == '|' && type.width == 1)) break;
      header.type = type;
      header.big_endian = order == '>';
      return;
    }
    fail(origin_,
         "holds elements of type '{}', which is not supported; save it as one of bool, int8 to "
         "int64, uint8 to uint32, float16 to float64",
         printable(descr));
  }

  std::string_view text_;
  std::string_view origin_;
  std::size_t at_ = 0;
};

// IEEE half to single precision: every value has one.
float widen_half(std::uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int mantissa = half & 1023;
  float magnitude = 0;
  if (exponent == 31)
    magnitude = std::bit_cast<float>(0x7f800000u | static_cast<std::uint32_t>(mantissa) << 13);
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<float>(mantissa), -24);
  else
    magnitude = std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return half >> 15 != 0 ? -magnitude : magnitude;
}

// Writes the tensor's bytes of one element, which is already in our byte order.
void store(const ElementType& type, const std::byte* source, std::byte* target) {
  const auto widen = [&]<typename From, typename To>(From, To) {
    From from{};
    std::memcpy(&from, source, sizeof from);
    const To to = from;
    std::memcpy(target, &to, sizeof to);
  };
  if (type.code == "f2") {
    std::uint16_t half = 0;
    std::memcpy(&half, source, sizeof half);
    const float value = widen_half(half);
    std::memcpy(target, &value, sizeof value);
  } else if (type.code == "i2") {
    widen(std::int16_t{}, std::int32_t{});
  } else if (type.code == "u2") {
    widen(std::uint16_t{}, std::int32_t{});
  } else if (type.code == "u4") {
    widen(std::uint32_t{}, std::int64_t{});
  } else if (type.code == "b1") {
    *target = *source == std::byte{0} ? std::byte{0} : std::byte{1};
  } else {
    std::memcpy(target, source, type.width);
  }
}

// Where element 0, 1, … of the row-major order stands in the column-major one.
class FortranOrder {
 public:
  explicit FortranOrder(const Shape& shape) : shape_(shape), index_(shape.size()) {
    std::int64_t stride = 1;
    for (const auto extent : shape) {
      strides_.push_back(stride);
      stride *= extent;
    }
  }

  std::int64_t next() {
    const std::int64_t result = offset_;
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      offset_ += strides_[axis];
      if (++index_[axis] < shape_[axis]) break;
      offset_ -= strides_[axis] * shape_[axis];
      index_[axis] = 0;
    }
    return result;
  }

 private:
  const Shape& shape_;
  Shape index_, strides_;
  std::int64_t offset_ = 0;
};

Tensor read_elements(const Header& header, std::string_view bytes) {
  Tensor tensor(header.type.dtype, header.shape);
  const std::size_t width = header.type.width;
  const std::size_t target_width = static_cast<std::size_t>(bits(tensor.dtype())) / 8;
  const auto* source = reinterpret_cast<const std::byte*>(bytes.data());
  const bool as_it_is = width == target_width && header.type.dtype != DType::boolean;
  if (as_it_is && !header.fortran_order && (!header.big_endian || width == 1)) {
    if (!bytes.empty()) std::memcpy(tensor.data(), source, bytes.size());
    return tensor;
  }
  FortranOrder order(header.shape);
  for (std::int64_t i = 0; i < tensor.count(); ++i) {
    const std::int64_t from = header.fortran_order ? order.next() : i;
    std::array<std::byte, 8> element{};
    std::memcpy(element.data(), source + static_cast<std::size_t>(from) * width, width);
    if (header.big_endian) std::reverse(element.begin(), element.begin() + width);
    store(header.type, element.data(), tensor.data() + static_cast<std::size_t>(i) * target_width);
  }
  return tensor;
}

// The bytes that such a shape takes in the file.
std::int64_t checked_size(const Header& header, std::string_view origin) {
  auto size = static_cast<std::int64_t>(header.type.width);
  for (const auto extent : header.shape) {
    if (extent > 0 && size > npy_size_limit / extent)
      fail(origin, "declares {} elements of {} bytes, more than 4 GiB; split the array",
           to_string(header.shape), header.type.width);
    size *= extent;
  }
  return size;
}

}  // namespace

Tensor parse_npy(std::string_view bytes, std::string_view origin) {
  if (!bytes.starts_with(magic)) {
    if (magic.starts_with(bytes))
      fail(origin, "is truncated at byte {}; save the array again", bytes.size());
    fail(origin, "is not a .npy file: it does not begin with \\x93NUMPY; save it with numpy.save");
  }
  const auto integer = [&](std::size_t at, std::size_t width) {
    if (bytes.size() < at + width)
      fail(origin, "is truncated at byte {}; save the array again", bytes.size());
    std::size_t value = 0;
    for (std::size_t i = width; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  const std::size_t major = integer(magic.size(), 1), minor = integer(magic.size() + 1, 1);
  if (major < 1 || major > 3 || minor != 0)
    fail(origin, "is of version {}.{}; 1.0 to 3.0 are supported: save it with numpy.save", major,
         minor);
  const std::size_t length_width = major == 1 ? 2 : 4;
  const std::size_t begin = magic.size() + 2 + length_width;
  const std::size_t length = integer(magic.size() + 2, length_width);
  if (length > longest_header)
    fail(origin, "has a header of {} bytes, more than 64 KiB; save the array again", length);
  if (length > bytes.size() - begin)
    fail(origin, "is truncated at byte {}; save the array again", bytes.size());

  const Header header = HeaderParser(bytes.substr(begin, length), origin).parse();
  const std::string_view elements = bytes.substr(begin + length);
  const std::int64_t size = checked_size(header, origin);
  if (static_cast<std::int64_t>(elements.size()) != size)
    fail(origin, "declares {} elements of {} bytes, {} in all, and holds {}; save the array again",
         to_string(header.shape), header.type.width, size, elements.size());
  return read_elements(header, elements);
}

Tensor read_npy(const std::filesystem::path& path) {
  const Bytes limit(
      static_cast<double>(npy_size_limit + static_cast<std::int64_t>(longest_header)));
  return parse_npy(read_file(path, limit), path.string());
}

std::string npy_bytes(const Tensor& tensor, std::string_view origin) {
  if (tensor.dtype() == DType::bf16)
    fail(origin, "NumPy has no bf16; convert the tensor to f32 to write it");
  const auto type =
      std::find_if(element_types.begin(), element_types.end(), [&](const ElementType& candidate) {
        return candidate.dtype == tensor.dtype() &&
               candidate.width * 8 == static_cast<std::size_t>(bits(tensor.dtype()));
      });
  const std::string_view comma = tensor.shape().size() == 1 ? "," : "";
  std::string header =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  type->width == 1 ? '|' : '<', type->code, fmt::join(tensor.shape(), ", "), comma);
  const std::size_t before = magic.size() + 4;
  const std::size_t padded = (before + header.size() + 1 + alignment - 1) / alignment * alignment;
  header.resize(padded - before - 1, ' ');
  header += '\n';
  std::string file(magic);
  file +=
      {'\1', '\0', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  file += header;
  file.append(reinterpret_cast<const char*>(tensor.data()), tensor.bytes());
  return file;
}

}  // namespace gnomon::data
