#pragma once

// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011). A number is a pure function of (seed, stream, index), so
// sharded, resumed and reordered work draws the same numbers.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gnomon {

// One block of four 32-bit words for a 64-bit key and a 128-bit counter.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_high,
                                    std::uint64_t counter_low);

// The numbers of one purpose: `stream` is a name ("shuffle") or a number (a step), hashed into the
// counter.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}
  Random(std::uint64_t seed, std::string_view stream);

  std::uint64_t bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;                            // [0, 1), 53 bits
  double normal(std::uint64_t index) const;                             // Box–Muller
  std::uint64_t below(std::uint64_t bound, std::uint64_t index) const;  // [0, bound), bound > 0

  // A uniformly random order of 0 … n-1 (Fisher–Yates).
  std::vector<std::int64_t> permutation(std::int64_t n) const;

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace gnomon
