// Each instruction of a tape as a loop over a block whose registers stay in the first-level cache.

#include <algorithm>
#include <array>

#include "exec/cpu/tape_kernel.h"

namespace gnomon::exec::cpu {
namespace {

// Elements from one register in scratch to the next.
std::int64_t register_size(std::int64_t block) { return (block + 15) / 16 * 16; }

class LoopTape final : public TapeKernel {
 public:
  LoopTape(const TapeProgram& program, int pool, std::int64_t block)
      : TapeKernel(program, pool, block, program.scratch_registers * register_size(block)) {}

  std::string implementation() const override { return "tape"; }

 private:
  using Blocks = std::array<float*, most_registers>;

  void run_part(const Memory& memory, std::int64_t begin, std::int64_t end, float* scratch,
                double* totals) const override {
    const auto& registers = program_.registers;
    Blocks at;
    std::array<Spread::Held, most_registers> held;
    for (std::size_t r = 0; r < registers.size(); ++r)
      at[r] = registers[r].place == Register::Place::scratch
                  ? scratch + static_cast<std::int64_t>(registers[r].index) * register_size(block_)
                  : base(memory, registers[r]) + begin;
    for (const auto& filling : program_.fillings)
      std::fill_n(at[filling.out], block_, filling.value);
    for (std::int64_t position = begin; position < end; position += block_) {
      const std::int64_t length = std::min(block_, end - position);
      for (std::size_t i = 0; i < program_.spreadings.size(); ++i)
        refill(program_.spreadings[i], memory, position, length, at[program_.spreadings[i].out],
               held[i]);
      run_block(memory, at, position, length, totals);
      for (std::size_t r = 0; r < registers.size(); ++r)
        if (registers[r].place != Register::Place::scratch) at[r] += length;
    }
  }

  void run_block(const Memory& memory, const Blocks& at, std::int64_t position, std::int64_t length,
                 double* totals) const {
    for (const auto& w : program_.widenings)
      widen(memory.operand<Bf16>(w.operand) + position, at[w.out], length);
    for (const auto& i : program_.instructions) i.loop(at[i.a], at[i.b], at[i.out], length);
    for (const auto& r : program_.reducings)
      r.spread.collect(r.kind, at[r.from], position, length, totals + r.first);
    for (const auto& s : program_.storings) {
      if (s.dtype == DType::bf16)
        narrow(at[s.from], memory.result<Bf16>(s.result) + position, length);
      else
        std::copy_n(at[s.from], length, memory.result<float>(s.result) + position);
    }
  }

  static float* base(const Memory& memory, const Register& r) {
    return reinterpret_cast<float*>(r.place == Register::Place::operand ? memory.operands[r.index]
                                                                        : memory.results[r.index]);
  }
};

}  // namespace

std::unique_ptr<Kernel> make_loop_tape(const TapeProgram& program, int pool) {
  return std::make_unique<LoopTape>(program, pool, expanded_block(program));
}

}  // namespace gnomon::exec::cpu
