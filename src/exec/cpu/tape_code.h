#pragma once

// The widenings, instructions and storings of a tape as machine code: one pass over a block, a
// vector at a time, in which what the instructions compute stays in vector registers. The bits are
// those of the loops (tape_loops.h), but sums are taken in another order. For processors with
// AVX-512, or AVX2 and fused multiply-add.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "exec/cpu/tape_program.h"

namespace gnomon::exec::cpu {

// Elements in a vector of this processor's, as far as oneDNN may use it: 16 with AVX-512, 8 with
// AVX2; 0: there is no code for it.
std::int64_t vector_lanes();
inline constexpr std::int64_t most_lanes = 16;

// What the lanes of a broadcast operand take within a row: one element, one each, or others
// each time; and what a row gives to a reduction: to one f64 that its elements are combined with,
// f32 results by lanes, to f32 elements that its own are combined with, or, as terms, its elements.
enum class Form { element, lanes, whole, terms };
struct Forms {
  std::vector<Form> spreadings, reducings;
  std::vector<DType> dtypes;  // that broadcast operands are found in, bf16 or f32
  std::vector<std::int64_t>
      strides;  // bytes to the next row, by address; if empty, a call is a row
};

class TapeCode {
 public:
  // Absent if there are no vector_lanes, an operator has no code here, or the system gives no memory
  // for code.
  static std::unique_ptr<TapeCode> make(const TapeProgram& program, const Forms& forms);
  ~TapeCode();
  TapeCode(const TapeCode&) = delete;
  TapeCode& operator=(const TapeCode&) = delete;

  // Runs `rows` rows of `count` elements. `addresses` has those of the first row in each operand, in
  // each result, in each broadcast operand, and of what it gives to each reduction; it is changed.
  // Results may lie over operands of their type.
  void run(std::byte** addresses, std::int64_t rows, std::int64_t count) const {
    function_(addresses, rows, count);
  }

 private:
  using Function = void(std::byte**, std::int64_t, std::int64_t);
  class Assembler;
  explicit TapeCode(std::unique_ptr<Assembler> assembler);

  std::unique_ptr<Assembler> assembler_;  // owns the code
  Function* function_;
};

}  // namespace gnomon::exec::cpu
