#pragma once

// Content hashes (XXH3): identity of blobs, cache keys, integrity of files. Not cryptographic.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gnomon {

std::uint64_t hash64(std::string_view bytes);
std::uint64_t hash64(std::span<const std::byte> bytes);

// 128 bits as 32 hexadecimal digits: identity that may be relied on across machines.
std::string hash128(std::string_view bytes);
std::string hash128(std::span<const std::byte> bytes);

}  // namespace gnomon
