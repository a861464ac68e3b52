#pragma once

// IDX, the array format of the MNIST family (http://yann.lecun.com/exdb/mnist, "The IDX file
// format"): two zero bytes, an element type, a rank, big-endian extents, big-endian elements in
// row-major order; usually inside gzip (RFC 1952).

#include <filesystem>
#include <string_view>

#include "base/tensor.h"

namespace gnomon::data {

// Parses a whole file, gzipped or plain. `origin` names it in messages. Throws InputError with the
// cause and the remedy if the bytes are not IDX, hold an element type or rank we lack (16-bit
// integers; more than 8 axes), declare more than 1 GiB, end early, go on after the last element, or
// fail gzip's checksum. Memory is bounded by what the bytes can really hold, not by what they
// claim.
Tensor parse_idx(std::string_view bytes, std::string_view origin);

// The same from a file; throws InputError if it cannot be read.
Tensor read_idx(const std::filesystem::path& file);

}  // namespace gnomon::data
