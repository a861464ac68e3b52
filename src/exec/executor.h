#pragma once

// Executors turn a Program into something that runs. `reference` is the definition of every
// operator, slow and obvious; `cpu` is fast. An open set, hence virtual.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "exec/states.h"
#include "ir/program.h"
#include "machine/target.h"
#include "pass/rematerialise.h"

namespace gnomon::exec {

// One compiled Program. Runs from one thread at a time.
class Executable {
 public:
  virtual ~Executable() = default;

  // The program as compiled, before it is lowered to any particular shape.
  virtual const ir::Program& program() const = 0;

  // Runs once. `inputs` are the program's arguments in the order of its input nodes; they bind its
  // symbols. `outputs` is resized to the program's outputs; tensors in it that already have the
  // right type are written in place, so a steady state allocates nothing. All state writes commit
  // when the run succeeds; a run that throws poisons `states` if it may have changed them. Throws
  // InputError when an argument does not fit: "lenet: argument image is f32[64, 3, 28, 28],
  // expected f32[b, 1, 28, 28]".
  virtual void run(std::span<const Tensor* const> inputs, States& states,
                   std::vector<Tensor>& outputs) = 0;

  // What the memory budget made of the last run's shapes; nothing before, or if there is none.
  virtual std::optional<pass::Recomputation> recomputation() const { return std::nullopt; }
};

struct CompileOptions {
  std::optional<pass::MemoryBudget> memory = {};  // of each shape
};

class Executor {
 public:
  virtual ~Executor() = default;
  virtual std::string_view name() const = 0;
  virtual const machine::Target& target() const = 0;
  // Throws InputError if the program does not verify, or for options that the executor cannot
  // follow; EnvironmentError if it communicates with ranks that are not there. A memory budget that
  // some shape cannot meet is an InputError of its first run.
  virtual std::unique_ptr<Executable> compile(ir::Program program,
                                              const CompileOptions& options = {}) = 0;
};

// The values that symbols take, from the shapes of the arguments. Throws InputError when an
// argument does not fit.
ir::Binding bind_arguments(const ir::Program& program, std::span<const Tensor* const> inputs);

// For executors that run one rank: throws EnvironmentError, naming the node, if a group has more.
void require_one_rank(const ir::Program& program);

}  // namespace gnomon::exec
