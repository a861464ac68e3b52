#pragma once

// The one compute pool: OpenMP's, shared with oneDNN.

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace gnomon::exec::cpu {

// While it lives, parallel regions entered by the calling thread have this many threads.
class PoolSize {
 public:
  explicit PoolSize(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~PoolSize() { omp_set_num_threads(before_); }
  PoolSize(const PoolSize&) = delete;
  PoolSize& operator=(const PoolSize&) = delete;

 private:
  int before_;
};

// Bytes moved below which waking a second thread (2 to 5 µs) costs more than it saves.
inline constexpr std::int64_t worth_waking = 128 << 10;
// Products of a contraction, each with its sum, that a core does while it moves one byte.
inline constexpr std::int64_t products_a_byte = 8;

// Calls f(begin, end, thread) on parts of [0, count), one part per thread, in step with the pool;
// parts begin at multiples of `grain`. `bytes` is what all parts together move: little work stays
// on the calling thread.
template <typename F>
void for_parts(std::int64_t count, std::int64_t grain, std::int64_t bytes, const F& f) {
  const std::int64_t grains = (count + grain - 1) / grain;
  const auto threads = std::min<std::int64_t>(omp_get_max_threads(), grains);
  if (threads <= 1 || bytes < worth_waking) {
    if (count > 0) f(std::int64_t{0}, count, 0);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const std::int64_t parts = omp_get_num_threads(), part = omp_get_thread_num();
    const std::int64_t begin = grains * part / parts * grain;
    const std::int64_t end = std::min(count, grains * (part + 1) / parts * grain);
    if (begin < end) f(begin, end, static_cast<int>(part));
  }
}

}  // namespace gnomon::exec::cpu
