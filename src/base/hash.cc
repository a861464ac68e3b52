#include "base/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace gnomon {
namespace {

std::string hex(XXH128_hash_t h) { return fmt::format("{:016x}{:016x}", h.high64, h.low64); }

}  // namespace

std::uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }
std::uint64_t hash64(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}
std::string hash128(std::string_view bytes) {
  return hex(XXH3_128bits(bytes.data(), bytes.size()));
}
std::string hash128(std::span<const std::byte> bytes) {
  return hex(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace gnomon
