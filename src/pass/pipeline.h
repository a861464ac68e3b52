#pragma once

// All passes in order: what a program goes through between its author and an executor.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/units.h"
#include "ir/program.h"
#include "machine/target.h"
#include "pass/rematerialise.h"
#include "pass/update.h"

namespace gnomon::pass {

// What turns a forward program into a training step.
struct Training {
  std::string loss = "loss";
  Update update;
};

struct PipelineOptions {
  DType precision = DType::f32;        // bf16: the step mixed_precision is taken
  std::optional<Training> training;    // the steps gradient and update are taken
  std::optional<MemoryBudget> memory;  // the step rematerialise is taken
  std::set<std::string> without;       // steps left out
  std::string after;                   // the last step taken; empty: all
  // Called after each step that changed the program.
  std::function<void(const std::string& step, const ir::Program&)> changed;
};

struct StepReport {
  std::string name;
  Seconds seconds;  // of the pass, without its verification
  bool changed = false;
};

struct Lowered {
  ir::Program program;
  std::vector<StepReport> steps;  // those taken, in order
  std::optional<Recomputation> recomputation;
};

// Runs the steps, verifying the program after each; a step that breaks it is a bug of ours
// (InternalError). Throws InputError for unknown names of steps, for a precision other than f32 and
// bf16, and where gradient, update and rematerialise do.
Lowered lower(ir::Program program, const machine::Target& target,
              const PipelineOptions& options = {});

// The names of all steps, in order: what `without` and `after` may name.
std::vector<std::string> pipeline_steps();

}  // namespace gnomon::pass
