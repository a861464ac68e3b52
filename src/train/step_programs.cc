#include "train/step_programs.h"

#include "pass/accumulate.h"
#include "pass/pipeline.h"

namespace gnomon::train {
namespace {

pass::PipelineOptions simplified(DType precision = DType::f32) {
  pass::PipelineOptions options;
  options.precision = precision;
  options.after = "simplify";  // the rest is the executor's
  return options;
}

}  // namespace

ir::Program training_program(const ir::Program& model, const TrainOptions& options,
                             const machine::Target& target) {
  auto steps = simplified(dtype(options.precision));
  steps.training = pass::Training{"loss", options.update};
  return pass::lower(with_loss(model, options.loss, options.label_smoothing), target, steps)
      .program;
}

AccumulatingPrograms accumulating_programs(const ir::Program& model, const TrainOptions& options,
                                           const machine::Target& target) {
  auto steps = simplified(dtype(options.precision));
  steps.training = pass::Training{"loss", options.update};
  steps.after = "gradient";
  const ir::Program gradients =
      pass::lower(with_loss(model, options.loss, options.label_smoothing), target, steps).program;
  const ir::Program sums = pass::accumulated(gradients, options.batch / options.at_once());
  return {pass::lower(pass::accumulate(gradients), target, simplified()).program,
          pass::lower(pass::update(sums, options.update), target, simplified()).program};
}

}  // namespace gnomon::train
