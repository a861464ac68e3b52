#include "exec/cpu/tape_kernel.h"

#include <algorithm>
#include <numeric>

#include "exec/cpu/parallel.h"
#include "exec/cpu/reduction_loops.h"

namespace gnomon::exec::cpu {

std::int64_t expanded_block(const TapeProgram& program) {
  std::int64_t cycle = 1;
  const auto take = [&](const Spread& spread) {
    const std::int64_t both = std::lcm(cycle, std::max<std::int64_t>(spread.period(), 1));
    if (both <= 2 * usual_block) cycle = both;
  };
  for (const auto& s : program.spreadings) take(s.spread);
  for (const auto& r : program.reducings) take(r.spread);
  return std::max<std::int64_t>(usual_block / cycle, 1) * cycle;
}

void TapeKernel::run(const Memory& memory) {
  for (const auto& r : program_.reducings)
    for (int thread = 0; thread < pool_; ++thread)
      std::fill_n(totals_of(memory, thread) + r.first, r.count, start_of(r.kind));
  for_parts(program_.count, block_, program_.moved,
            [&](std::int64_t begin, std::int64_t end, int thread) {
              run_part(memory, begin, end, scratch_of(memory, thread), totals_of(memory, thread));
            });
  for (const auto& r : program_.reducings) finish(memory, r);
  for (const auto& [result, padding] : program_.to_zero) padding.zero(memory.results[result]);
}

void TapeKernel::finish(const Memory& memory, const Reducing& r) const {
  for (std::int64_t i = 0; i < r.count; ++i) {
    double total = totals_of(memory, 0)[r.first + i];
    for (int thread = 1; thread < pool_; ++thread)
      total = combined(r.kind, total, totals_of(memory, thread)[r.first + i]);
    if (r.dtype == DType::bf16)
      memory.result<Bf16>(r.result)[i] = Bf16(static_cast<float>(total));
    else
      memory.result<float>(r.result)[i] = static_cast<float>(total);
  }
}

void refill(const Spreading& s, const Memory& memory, std::int64_t begin, std::int64_t count,
            float* out, Spread::Held& held) {
  if (s.dtype == DType::bf16)
    s.spread.refill(memory.operand<Bf16>(s.operand), begin, count, out, held);
  else
    s.spread.refill(memory.operand<float>(s.operand), begin, count, out, held);
}

}  // namespace gnomon::exec::cpu
