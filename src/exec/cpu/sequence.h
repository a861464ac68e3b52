#pragma once

// A lowered program as a list of kernels in order, their addresses resolved through the memory
// plan.

#include "base/units.h"
#include "exec/cpu/kernel.h"
#include "exec/cpu/primitive.h"
#include "machine/target.h"
#include "pass/plan_memory.h"
#include "trace/name.h"

namespace gnomon::exec::cpu {

class Sequence {
 public:
  // Where a run finds what it does not own, in the program's order.
  struct Bindings {
    std::vector<std::byte*> arguments;  // those of constants never change between runs
    std::vector<std::byte*> states;
    std::vector<std::byte*> outputs;
    std::byte* arena = nullptr;  // of at least arena_bytes()
  };

  // `program` is static and laid out; both it and `device` are referred to until the end.
  // Arguments from number `first_constant` on, and states that the program does not write, are the
  // same in every run until `refresh`.
  Sequence(const ir::Program& program, std::size_t first_constant, const machine::Target& target,
           const Device& device, int pool);

  // Puts the addresses in place; then any number of runs. `run` computes everything and writes
  // outputs and states, in this order.
  void bind(const Bindings& bindings);
  void run();
  void run_kernel(std::size_t kernel) { run_step(steps_[kernel]); }

  void refresh();

  struct Step {
    std::unique_ptr<Kernel> kernel;
    std::uint32_t node;
    std::size_t first_operand, first_result;  // in addresses_
    trace::Name name;
    Flops flops;
    Bytes bytes;
  };
  const std::vector<Step>& steps() const { return steps_; }
  std::string describe(const Step& step) const;  // "conv1 convolution"

  std::size_t arena_bytes() const { return scratch_at_ + scratch_bytes_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  const pass::MemoryPlan& plan() const { return plan_; }

 private:
  struct Copy {
    pass::Placement from, to;
    std::byte *source = nullptr, *target = nullptr;
  };

  void make_constants();
  void make_steps(std::size_t first_constant, const Device& device, int pool);
  void make_copies();
  static void add_copy(const pass::Placement& from, pass::Placement to, std::vector<Copy>& copies);
  Stored stored(ir::Value value) const;
  std::byte* resolve(const pass::Placement& placement, const Bindings& bindings);
  void run_step(const Step& step);
  void record_peak() const;

  const ir::Program& program_;
  pass::MemoryPlan plan_;
  std::vector<Step> steps_;
  std::vector<pass::Placement> places_;  // of addresses_
  std::vector<std::byte*> addresses_;    // operands and results of each step
  std::vector<Copy> copies_;             // outputs and states made elsewhere
  std::vector<Buffer> constants_;        // by node, empty for others; then old values put aside
  std::size_t scratch_at_ = 0, scratch_bytes_ = 0;
  std::byte* scratch_ = nullptr;
};

}  // namespace gnomon::exec::cpu
