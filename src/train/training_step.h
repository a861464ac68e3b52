#pragma once

// One training step of a model by itself: forward, loss, backward and update on an example batch
// that is made up, lies in memory and stays the same. What is timed where nothing but the step
// shall be.

#include <memory>
#include <vector>

#include "exec/cpu/cpu.h"
#include "train/trainer.h"

namespace gnomon::train {

class TrainingStep {
 public:
  // `model` is a forward Program for training with the output "logits"; options.batch examples are
  // made up. Those of floating point are uniform in [-1, 1), tokens and labels below the extent of
  // the logits' last dimension. Throws InputError if the model does not take so many at once, or
  // examples of another type than f32 or i32.
  TrainingStep(const ir::Program& model, const TrainOptions& options, exec::CpuExecutor& executor);

  // The first call compiles.
  void run();

  const exec::CpuExecutable& executable() const { return *executable_; }

  // The seconds that each kernel takes by itself, warm: [kernel][repetition]. Ends the object's
  // use: updates are carried out many times.
  std::vector<std::vector<Seconds>> time_kernels(int repetitions);

 private:
  ir::Program program_;
  std::vector<Tensor> arguments_, outputs_;
  std::vector<const Tensor*> pointers_;
  exec::States states_;
  std::unique_ptr<exec::CpuExecutable> executable_;
};

}  // namespace gnomon::train
