#pragma once

// A tape (tape_program.h) in the form that machine code is made from: each value assigned once, and
// for each the steps that read it.

#include <cstddef>
#include <optional>
#include <vector>

#include "exec/cpu/tape_code.h"
#include "exec/cpu/tape_program.h"

namespace gnomon::exec::cpu {

// The tape with each value assigned once, and all ends in the end: whatever an operand holds can be
// read until then. No end is of an operand that a result may lie over (tape.cc sees to it).
struct Assignments {
  // What an instruction reads, found anew for every vector of elements.
  struct Value {
    // A vector from f32 or bf16 at a moving position, one vector or one element that stay, a number,
    // what an instruction made.
    enum class Source { f32, bf16, vector, element, bf16_element, constant, instruction };
    Source source;
    std::size_t address = 0;  // of memory: which of the addresses
    float constant = 0;
    std::vector<std::size_t> uses = {};  // steps: instructions, and after them the ends; ascending

    // Where it is while code for a step is written.
    std::optional<int> vector = {};
    bool on_stack = false;
  };

  // What becomes of a value.
  struct End {
    enum class Kind { f32, bf16, element, lanes, added };  // written, or combined
    Kind kind;
    std::size_t value, address;
    ir::Reduction reduction = ir::Reduction::sum;

    // Combined in a vector of its own along a row.
    bool is_gathered() const { return kind == Kind::element || kind == Kind::lanes; }
  };

  std::vector<Value> values;
  struct Step {
    std::size_t a, b, out;  // values
  };
  std::vector<Step> steps;  // of each instruction
  std::vector<End> ends;

  Assignments(const TapeProgram& tape, const Forms& forms);

 private:
  std::size_t add(Value value);
  void use(std::size_t value, std::size_t step) { values[value].uses.push_back(step); }
  void end(End e);
};

}  // namespace gnomon::exec::cpu
