#pragma once

// NumPy's array format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html,
// versions 1.0 to 3.0): the magic "\x93NUMPY", the version, the length of the header, the header (a
// Python dictionary that names the element type, the order and the shape) and the elements.
// Archives of several arrays: npz.h.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/tensor.h"

namespace gnomon::data {

// The most a file may hold.
inline constexpr std::int64_t npy_size_limit = std::int64_t{4} << 30;

// Parses a whole file; `origin` names it in messages. The tensor is in row-major order, whatever
// the order of the file.
//
// Read as they are: b1 (any byte but zero is true), i1, u1, i4, i8, f4, f8, of either byte order.
// Widened, without loss: f2 to f32, i2 and u2 to i32, u4 to i64. Throws InputError with the cause
// and the remedy for any other element type (u8, complex numbers, text, dates, records, Python
// objects: nothing is ever unpickled), a header that is damaged or longer than 64 KiB, more than 32
// axes, elements that end early or go on, more than 4 GiB. Memory is at most twice the size of the
// file: what a header claims is compared with what the file holds before anything is allocated.
Tensor parse_npy(std::string_view bytes, std::string_view origin);

// The same from a file; throws InputError if it cannot be read.
Tensor read_npy(const std::filesystem::path& path);

// The bytes of a file as numpy.save writes them: version 1.0, little-endian, row-major, the
// elements aligned to 64 bytes. Throws InputError for bf16, which NumPy lacks; `origin` names the
// file.
std::string npy_bytes(const Tensor& tensor, std::string_view origin);

}  // namespace gnomon::data
