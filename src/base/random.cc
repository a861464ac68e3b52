#include "base/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "base/hash.h"

namespace gnomon {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_high,
                                    std::uint64_t counter_low) {
  auto k0 = static_cast<std::uint32_t>(key);
  auto k1 = static_cast<std::uint32_t>(key >> 32);
  std::array<std::uint32_t, 4> c = {
      static_cast<std::uint32_t>(counter_low), static_cast<std::uint32_t>(counter_low >> 32),
      static_cast<std::uint32_t>(counter_high), static_cast<std::uint32_t>(counter_high >> 32)};
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

Random::Random(std::uint64_t seed, std::string_view stream) : Random(seed, hash64(stream)) {}

std::uint64_t Random::bits(std::uint64_t index) const {
  const auto words = philox(seed_, stream_, index);
  return (std::uint64_t{words[1]} << 32) | words[0];
}

double Random::uniform(std::uint64_t index) const {
  return static_cast<double>(bits(index) >> 11) * 0x1p-53;
}

double Random::normal(std::uint64_t index) const {
  const auto words = philox(seed_, stream_, index);
  const double u = (static_cast<double>(words[0]) + 0.5) * 0x1p-32;
  const double v = static_cast<double>(words[1]) * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

std::uint64_t Random::below(std::uint64_t bound, std::uint64_t index) const {
  return static_cast<std::uint64_t>((static_cast<Wide>(bits(index)) * bound) >> 64);
}

std::vector<std::int64_t> Random::permutation(std::int64_t n) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = n - 1; i > 0; --i) {
    const auto j = below(static_cast<std::uint64_t>(i) + 1, static_cast<std::uint64_t>(i));
    std::swap(order[static_cast<std::size_t>(i)], order[j]);
  }
  return order;
}

}  // namespace gnomon
