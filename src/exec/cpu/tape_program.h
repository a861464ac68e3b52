#pragma once

// A tape (tape.h) as data: what is done to one block of elements. The instructions run as loops over
// blocks (loop_tape.cc) or as machine code (tape_code.h). What is stored as bf16 has been rounded.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "exec/cpu/padding.h"
#include "exec/cpu/spread.h"
#include "exec/cpu/tape_loops.h"

namespace gnomon::exec::cpu {

// Where a register's block is: at a moving position of an f32 operand or result, or in scratch.
struct Register {
  enum class Place { operand, result, scratch };
  Place place;
  std::size_t index;
};

struct Filling {
  float value;
  std::size_t out;
};

struct Widening {
  std::size_t operand, out;
};

struct Spreading {
  Spread spread;
  std::size_t operand, out;
  DType dtype;
};

// out = f(a, b), with f the operator of this index among the alternatives of ir::Op.
struct Instruction {
  std::size_t op;
  bool rounds;  // the result to bf16
  Loop loop;    // the same
  std::size_t a, b, out;
};

struct Reducing {
  ir::Reduction kind;
  Spread spread;  // of the result over the blocks
  std::size_t from, result;
  DType dtype;
  std::int64_t count;  // of the result
  std::int64_t first;  // among the totals of a thread
};

struct Storing {
  std::size_t from, result;
  DType dtype;
};

struct TapeProgram {
  std::string name;
  std::vector<Register> registers;
  std::vector<Filling> fillings;    // once per part
  std::vector<Widening> widenings;  // the rest per block
  std::vector<Spreading> spreadings;
  std::vector<Instruction> instructions;
  std::vector<Reducing> reducings;
  std::vector<Storing> storings;

  std::int64_t scratch_registers = 0;
  std::int64_t totals = 0;  // of reductions, for each thread

  std::int64_t count = 0;                                 // stored elements
  std::int64_t moved = 0;                                 // bytes
  std::vector<std::int64_t> operand_steps, result_steps;  // bytes an element; 0 if not of full size
  std::vector<std::pair<std::size_t, Padding>> to_zero;   // results whose padding may not be zero
};

}  // namespace gnomon::exec::cpu
