#pragma once

// The widenings, instructions and storings of a tape as machine code: one pass over a block,
// sixteen elements at a time, in which what the instructions compute stays in vector registers.
// The bits are those of the loops (tape_loops.h). For processors with AVX-512.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "exec/cpu/tape_program.h"

namespace gnomon::exec::cpu {

// What the sixteen lanes of a broadcast operand take within a block: one element, one each, or
// another each time; and what a reduction leaves of a block: its result by lanes, for one element
// or one each, the elements added to what was there, or the elements themselves.
enum class Form { element, lanes, whole, terms };
struct Forms {
  std::vector<Form> spreadings, reducings;
};

class TapeCode {
 public:
  // Absent if the processor has no AVX-512, oneDNN has been told not to use it, or an operator has
  // no code here.
  static std::unique_ptr<TapeCode> make(const TapeProgram& program, const Forms& forms);
  ~TapeCode();
  TapeCode(const TapeCode&) = delete;
  TapeCode& operator=(const TapeCode&) = delete;

  // `addresses` has those of the block in each operand, in each result, in each broadcast operand
  // by its form, and of what each reduction leaves. Results may lie over operands of their type.
  void run(std::byte* const* addresses, std::int64_t count) const { function_(addresses, count); }

 private:
  class Assembler;
  explicit TapeCode(std::unique_ptr<Assembler> assembler);

  std::unique_ptr<Assembler> assembler_;  // owns the code
  void (*function_)(std::byte* const*, std::int64_t);
};

}  // namespace gnomon::exec::cpu
