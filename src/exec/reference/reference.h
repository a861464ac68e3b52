#pragma once

// The executor that defines what every operator means. It optimises nothing and is what the others
// are held to.

#include "exec/executor.h"
#include "exec/reference/evaluate.h"

namespace gnomon::exec {

class ReferenceExecutable : public Executable {
 public:
  // Throws as Executor::compile.
  ReferenceExecutable(ir::Program program, Precision precision);

  const ir::Program& program() const override { return program_; }

  // With Precision::f64, floating-point outputs are f64; states are rounded to their declared types
  // when they commit.
  void run(std::span<const Tensor* const> inputs, States& states,
           std::vector<Tensor>& outputs) override;

  // The points of its index space that each node of program() visited in the last run, those of
  // inner Programs included: what derived operation counts are checked against.
  const std::vector<std::int64_t>& points() const { return points_; }

 private:
  struct Specialised {
    ir::Binding binding;
    ir::Program program;
  };

  const ir::Program& specialised(const ir::Binding& binding);

  ir::Program program_;
  Precision precision_;
  std::vector<Specialised> recent_;  // the one used last comes first
  std::vector<std::int64_t> points_;
};

class ReferenceExecutor : public Executor {
 public:
  explicit ReferenceExecutor(Precision precision = Precision::native);

  std::string_view name() const override;
  const machine::Target& target() const override { return *target_; }
  // Keeps every value: a memory budget is an InputError.
  std::unique_ptr<Executable> compile(ir::Program program,
                                      const CompileOptions& options = {}) override;

 private:
  Precision precision_;
  std::unique_ptr<machine::Target> target_;
};

}  // namespace gnomon::exec
