#include "data/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/hash.h"

namespace gnomon::data {
namespace {

constexpr double largest_file = 64.0 * (1 << 30);

using Json = nlohmann::json;

constexpr std::string_view checksum_key = "xxh3";
constexpr std::size_t longest_header = std::size_t{100} << 20;  // the format's own limit

constexpr std::array<std::pair<std::string_view, DType>, 8> dtypes = {{{"F64", DType::f64},
                                                                       {"F32", DType::f32},
                                                                       {"BF16", DType::bf16},
                                                                       {"I64", DType::i64},
                                                                       {"I32", DType::i32},
                                                                       {"I8", DType::i8},
                                                                       {"U8", DType::u8},
                                                                       {"BOOL", DType::boolean}}};

struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::size_t begin, end;
};

class Reader {
 public:
  // `bytes` is how the file of `size` bytes begins: the header at least, all of it to be read.
  Reader(std::string_view bytes, std::size_t size, std::string_view name)
      : bytes_(bytes), size_(size), name_(name) {}

  NamedTensors read() {
    NamedTensors result;
    const auto entries = read_header(result.metadata);
    const auto data = bytes_.substr(header_end());
    for (const auto& entry : entries) {
      Tensor tensor(entry.dtype, entry.shape);
      std::memcpy(tensor.data(), data.data() + entry.begin, tensor.bytes());
      result.tensors.emplace(entry.name, std::move(tensor));
    }
    const auto checksum = result.metadata.find(std::string(checksum_key));
    if (checksum != result.metadata.end() && checksum->second != hash128(data))
      fail("the tensors' bytes do not match their checksum");
    return result;
  }

  std::vector<Entry> read_header(std::map<std::string, std::string>& metadata) {
    const auto end = header_end();
    return parse_header(bytes_.substr(0, end).substr(sizeof(std::uint64_t)), metadata);
  }

  std::size_t header_end() const {
    std::uint64_t length = 0;
    if (size_ < sizeof length) fail("ends before the header");
    std::memcpy(&length, bytes_.data(), sizeof length);
    if (length > longest_header || length > size_ - sizeof length)
      fail("declares a header of {} bytes, more than it holds", length);
    return sizeof length + length;
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}: not a sound safetensors file: {}; write it again", name_,
                     fmt::format(format, std::forward<Args>(args)...));
  }

  std::vector<Entry> parse_header(std::string_view text,
                                  std::map<std::string, std::string>& metadata) {
    // A header of brackets alone would otherwise recurse once per byte.
    const auto too_deep = [](int depth, Json::parse_event_t, Json&) {
      if (depth > 4) throw InputError("nested");
      return true;
    };
    Json header;
    try {
      header = Json::parse(text, too_deep);
    } catch (const std::exception&) {
      fail("the header is not the JSON expected");
    }
    if (!header.is_object()) fail("the header is not a JSON object");
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        read_metadata(value, metadata);
      else
        entries.push_back(read_entry(key, value));
    }
    check_ranges(entries, size_ - sizeof(std::uint64_t) - text.size());
    return entries;
  }

  void read_metadata(const Json& value, std::map<std::string, std::string>& metadata) {
    if (!value.is_object()) fail("__metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail("__metadata__ {} is not a string", key);
      metadata[key] = text.get<std::string>();
    }
  }

  Entry read_entry(const std::string& key, const Json& value) {
    Entry entry{key, DType::f32, {}, 0, 0};
    try {
      const auto dtype = value.at("dtype").get<std::string>();
      const auto found = std::find_if(dtypes.begin(), dtypes.end(),
                                      [&](const auto& pair) { return pair.first == dtype; });
      if (found == dtypes.end()) fail("{} has the unknown dtype {}", key, dtype);
      entry.dtype = found->second;
      const auto& shape = value.at("shape");
      if (shape.size() > 16) fail("{} has {} dimensions", key, shape.size());
      for (const auto& extent : shape) {
        if (!extent.is_number_unsigned()) fail("{} has a shape that is no list of extents", key);
        entry.shape.push_back(extent.get<std::int64_t>());
      }
      const auto& offsets = value.at("data_offsets");
      if (offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
          !offsets[1].is_number_unsigned())
        fail("{} has no byte range", key);
      entry.begin = offsets[0].get<std::size_t>();
      entry.end = offsets[1].get<std::size_t>();
    } catch (const Json::exception&) {
      fail("the entry of {} lacks dtype, shape or data_offsets", key);
    }
    return entry;
  }

  void check_ranges(std::vector<Entry>& entries, std::size_t available) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::size_t at = 0;
    for (const auto& entry : entries) {
      const auto bytes = static_cast<std::size_t>(count(entry)) * bits(entry.dtype) / 8;
      if (entry.begin != at || entry.end < entry.begin || entry.end - entry.begin != bytes)
        fail("the byte range of {} is not what its shape {} takes", entry.name,
             to_string(entry.shape));
      at = entry.end;
    }
    if (at != available) fail("holds {} bytes of tensors, the header names {}", available, at);
  }

  std::int64_t count(const Entry& entry) const {
    try {
      return element_count(entry.shape);
    } catch (const InputError& error) {
      fail("{}: {}", entry.name, error.what());
    }
  }

  std::string_view bytes_;
  std::size_t size_;
  std::string_view name_;
};

}  // namespace

void write_safetensors(const std::filesystem::path& path, const NamedTensors& contents) {
  Json header = Json::object();
  std::string data;
  for (const auto& entry : contents.tensors) {
    const Tensor& tensor = entry.second;
    const auto found = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& pair) {
      return pair.second == tensor.dtype();
    });
    header[entry.first] = {{"dtype", found->first},
                           {"shape", tensor.shape()},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes()}}};
    data.append(reinterpret_cast<const char*>(tensor.data()), tensor.bytes());
  }
  header["__metadata__"] = contents.metadata;
  header["__metadata__"][std::string(checksum_key)] = hash128(data);
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors begin aligned
  if (text.size() > longest_header)
    throw InputError("{}: its names and metadata would have {}, more than can be read back ({})",
                     path.string(), to_string(Bytes(static_cast<double>(text.size()))),
                     to_string(Bytes(static_cast<double>(longest_header))));
  const std::uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  if (static_cast<double>(file.size() + text.size() + data.size()) > largest_file)
    throw InputError("{}: would have {}, more than can be read back ({})", path.string(),
                     to_string(Bytes(static_cast<double>(data.size()))),
                     to_string(Bytes(largest_file)));
  write_file(path, file + text + data);
}

NamedTensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(read_file(path, Bytes(largest_file)), path.string());
}

SafetensorsHeader read_safetensors_header(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) throw InputError("{}: cannot be read: {}", name, error.message());
  std::string bytes(sizeof(std::uint64_t), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(Reader(bytes, size, name).header_end());
  file.seekg(0).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  SafetensorsHeader header;
  for (auto& entry : Reader(bytes, size, name).read_header(header.metadata))
    header.tensors[entry.name] = {entry.dtype, std::move(entry.shape)};
  return header;
}

NamedTensors parse_safetensors(std::string_view bytes, std::string_view name) {
  return Reader(bytes, bytes.size(), name).read();
}

}  // namespace gnomon::data
