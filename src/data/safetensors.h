#pragma once

// safetensors (https://github.com/huggingface/safetensors, "Format"): eight bytes of header length,
// little-endian; a JSON header with the dtype, shape and byte range of each named tensor; the
// bytes. What Python's `safetensors` writes is read here and the other way round.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/tensor.h"

namespace gnomon::data {

struct NamedTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__": free text
};

// Adds the key "xxh3" (hash128 of the tensor bytes) to the metadata, by which a reader of ours
// finds corruption. Atomic. Throws EnvironmentError if the file cannot be written, InputError if it
// would be larger than what can be read back.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& contents);

// Throws InputError naming the file and what is wrong: absent, truncated, byte ranges that overlap,
// leave gaps or contradict a shape, an unknown dtype, a checksum that differs. Memory is bounded by
// the size of the file (at most 64 GiB).
NamedTensors read_safetensors(const std::filesystem::path& path);

struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
};

struct SafetensorsHeader {
  std::map<std::string, TensorType> tensors;
  std::map<std::string, std::string> metadata;
};

// What the file says of itself, however large it is. Throws as read_safetensors; only the tensors'
// checksum is not looked at.
SafetensorsHeader read_safetensors_header(const std::filesystem::path& path);

// A file from memory; `name` is for messages.
NamedTensors parse_safetensors(std::string_view bytes, std::string_view name);

}  // namespace gnomon::data
