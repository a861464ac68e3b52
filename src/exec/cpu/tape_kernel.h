#pragma once

// What runs a tape: the part that loops (loop_tape.cc) and machine code (code_tape.cc) share.

#include <memory>

#include "exec/cpu/kernel.h"
#include "exec/cpu/tape_program.h"

namespace gnomon::exec::cpu {

inline constexpr std::size_t most_registers = 128;
inline constexpr std::int64_t usual_block = 512;  // elements: 2 KiB a register

// The block for a tape whose broadcast operands are expanded: whole cycles of all that is spread and
// reduced, if that is not long, so that blocks are alike and little is expanded twice.
std::int64_t expanded_block(const TapeProgram& program);

// Instructions as loops over a block.
std::unique_ptr<Kernel> make_loop_tape(const TapeProgram& program, int pool);

// Instructions as machine code; nullptr where TapeCode::make has none.
std::unique_ptr<Kernel> make_code_tape(const TapeProgram& program, int pool);

class TapeKernel : public Kernel {
 public:
  std::size_t scratch_bytes() const final {
    return blocks_bytes() + static_cast<std::size_t>(pool_ * program_.totals) * sizeof(double);
  }
  void run(const Memory& memory) final;

 protected:
  // `block` is what parts are multiples of, `scratch_floats` what each thread needs for a block.
  TapeKernel(TapeProgram program, int pool, std::int64_t block, std::int64_t scratch_floats)
      : program_(std::move(program)), block_(block), scratch_floats_(scratch_floats), pool_(pool) {}

  // Everything for the elements [begin, end); what is reduced is added to `totals`.
  virtual void run_part(const Memory& memory, std::int64_t begin, std::int64_t end, float* scratch,
                        double* totals) const = 0;

  const TapeProgram program_;
  const std::int64_t block_;

 private:
  std::size_t blocks_bytes() const {
    return static_cast<std::size_t>(pool_ * scratch_floats_) * sizeof(float);
  }
  float* scratch_of(const Memory& memory, int thread) const {
    return reinterpret_cast<float*>(memory.scratch) + thread * scratch_floats_;
  }
  double* totals_of(const Memory& memory, int thread) const {
    return reinterpret_cast<double*>(memory.scratch + blocks_bytes()) + thread * program_.totals;
  }
  void finish(const Memory& memory, const Reducing& r) const;

  const std::int64_t scratch_floats_;  // a multiple of 16
  const int pool_;
};

// Writes what a block needs of a broadcast operand to `out`, unless `held` says that it is there.
void refill(const Spreading& s, const Memory& memory, std::int64_t begin, std::int64_t count,
            float* out, Spread::Held& held);

}  // namespace gnomon::exec::cpu
