#include "train/training_step.h"

#include "base/random.h"
#include "ir/op_info.h"
#include "trace/recorder.h"
#include "train/step_programs.h"

namespace gnomon::train {
namespace {

constexpr float learning_rate = 1e-3f;  // however many steps are done, the loss stays a number

template <typename Integer>
void fill_below(std::span<Integer> values, std::int64_t end, const Random& random) {
  std::uint64_t draw = 0;
  for (auto& x : values) x = static_cast<Integer>(random.below(end, draw++));
}

// Whatever dimension is open is the batch.
Shape shape_of(const ir::Type& type, std::int64_t batch) {
  Shape shape;
  for (const auto& dim : type.dims) shape.push_back(dim.is_symbol() ? batch : dim.size);
  return shape;
}

Tensor made_up(const ir::Input& input, std::int64_t classes, std::int64_t batch) {
  Tensor value(input.type.dtype, shape_of(input.type, batch));
  const Random random(1, input.argument);
  if (input.argument == pass::learning_rate_input) {
    value.span<float>()[0] = learning_rate;
  } else if (input.argument == pass::step_input) {
    value.span<std::int64_t>()[0] = 1;
  } else if (value.dtype() == DType::i32) {
    fill_below(value.span<std::int32_t>(), classes, random);
  } else if (value.dtype() == DType::f32) {
    std::uint64_t draw = 0;
    for (auto& x : value.span<float>()) x = static_cast<float>(2 * random.uniform(draw++) - 1);
  } else {
    throw InputError("{}: is {}; examples are made up of f32 or i32 only", input.argument,
                     name(value.dtype()));
  }
  return value;
}

std::int64_t classes_of(const ir::Program& model) {
  for (const auto& output : model.outputs)
    if (output.name == "logits" && model.type(output.value).rank() > 0)
      return model.type(output.value).dims.back().size;
  throw InputError("{}: has no output \"logits\"", model.name);
}

}  // namespace

TrainingStep::TrainingStep(const ir::Program& model, const TrainOptions& options,
                           exec::CpuExecutor& executor)
    : program_(training_program(model, options, executor.target())),
      states_(program_, options.seed),
      executable_(executor.compile_cpu(program_, {options.memory})) {
  const std::int64_t classes = classes_of(model);
  for (const auto node : ir::inputs_of(model))
    if (const auto& type = model.nodes[node].results[0]; type.rank() > 0)
      require_batch(model, type, options.batch);
  for (const auto node : ir::inputs_of(program_))
    arguments_.push_back(
        made_up(std::get<ir::Input>(program_.nodes[node].op), classes, options.batch));
  for (const auto& argument : arguments_) pointers_.push_back(&argument);
}

void TrainingStep::run() {
  static const trace::Name event = trace::intern({"step", trace::Category::step, {}});
  const trace::Scope scope(event);
  executable_->run(pointers_, states_, outputs_);
}

std::vector<std::vector<Seconds>> TrainingStep::time_kernels(int repetitions) {
  return executable_->time_kernels(pointers_, states_, outputs_, repetitions);
}

}  // namespace gnomon::train
