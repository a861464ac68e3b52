#pragma once

// The fast executor, on oneDNN and kernels of our own (doc/cpu-executor.md).
//
//   CpuExecutor cpu({.threads = 2});
//   auto executable = cpu.compile(program);
//   executable->run(inputs, states, outputs);
//
// A program is compiled for no particular shape. The first run with new shapes specialises it,
// lowers it by all passes, plans its memory and prepares its kernels; the last eight shapes are
// kept. After that a run allocates nothing, but for what oneDNN (a few small objects a call) and
// kernels that fall back to the reference executor do.
//
// What depends on constants alone, and on states that the program only reads, is computed when such
// a state has changed and kept: weights are converted and packed once. States are kept in the
// layout that the first shape wanted; later ones take them as they are.
//
// Threads. All computing is done by one pool, OpenMP's, which oneDNN shares. One thread at a time
// may use an executor and what it compiled: oneDNN called from several threads would multiply the
// pool. OpenMP's idle threads spin for a while, at the cost of others on the same cores: set
// OMP_WAIT_POLICY=passive or GOMP_SPINCOUNT before the process starts to share a host; the OpenMP
// runtime reads them once, when it is loaded.
//
// Results are the same, bit for bit, in every run with the same number of threads on the same kind
// of processor. bf16 runs on AMX or AVX-512 where the processor has them; elsewhere contractions
// are computed in f32 and rounded. Two liberties are taken within fused contractions: see
// contraction.h.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exec/executor.h"

namespace gnomon::exec {

struct CpuOptions {
  int threads = 1;
  std::set<std::string> without = {};  // passes left out (pass::pipeline_steps)
};

// One kernel of a compiled shape.
struct KernelInfo {
  std::string node;            // label and operator: "conv1 fused"
  std::string implementation;  // whose code runs: "onednn jit:avx512_core"
  std::string why;             // nothing faster runs, if so
  Flops flops;                 // of the kernel, which may know a way with fewer than the definition
  Bytes bytes;                 // operands read and results written, once each
  bool prologue = false;       // runs only when the states it depends on have changed
};

class CpuExecutable : public Executable {
 public:
  // The kernels of the shapes of the last run, in order; empty before.
  virtual std::vector<KernelInfo> kernels() const = 0;

  // The program of the last run as its kernels carry it out: specialised and lowered, before what a
  // memory budget makes of it.
  virtual const ir::Program& lowered() const = 0;

  // Memory of the last run's shapes: what values that are neither arguments, states nor outputs
  // take (`values`), the least any placement of them could take (`lower_bound`), and what kernels
  // need while they run.
  struct Memory {
    Bytes values, lower_bound, scratch;
  };
  virtual Memory memory() const = 0;

  // Runs each kernel of the body by itself `repetitions` times, after a run with these arguments,
  // and returns all times: [kernel][repetition], in the order of kernels() without the prologue.
  // Poisons the states: updates are carried out many times.
  virtual std::vector<std::vector<Seconds>> time_kernels(std::span<const Tensor* const> inputs,
                                                         States& states,
                                                         std::vector<Tensor>& outputs,
                                                         int repetitions) = 0;
};

class CpuExecutor : public Executor {
 public:
  // Throws InputError for less than one thread or an unknown pass.
  explicit CpuExecutor(CpuOptions options = {});
  ~CpuExecutor() override;

  std::string_view name() const override { return "cpu"; }
  const machine::Target& target() const override;

  // The executable may outlive the executor. Throws InputError if the program does not verify.
  std::unique_ptr<Executable> compile(ir::Program program,
                                      const CompileOptions& options = {}) override;
  std::unique_ptr<CpuExecutable> compile_cpu(ir::Program program,
                                             const CompileOptions& options = {});

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace gnomon::exec
