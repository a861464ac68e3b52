#include "train/step_runner.h"

#include <algorithm>

#include "pass/accumulate.h"
#include "train/step_programs.h"

namespace gnomon::train {
namespace {

// The rows of part number `part`, of which `to` has room for one.
void copy_rows(const Tensor& from, std::int64_t part, Tensor& to) {
  std::copy_n(from.data() + static_cast<std::size_t>(part) * to.bytes(), to.bytes(), to.data());
}

Tensor room_for(const Tensor& batch, std::int64_t rows) {
  Shape shape = batch.shape();
  shape[0] = rows;
  return {batch.dtype(), shape};
}

std::map<std::string, Tensor> values_of(const exec::States& states) {
  std::map<std::string, Tensor> values;
  for (const auto& name : states.names()) values.emplace(name, states.get(name));
  return values;
}

}  // namespace

StepRunner::Arguments::Arguments(const ir::Program& program) {
  for (const auto node : ir::inputs_of(program)) {
    const auto& name = std::get<ir::Input>(program.nodes[node].op).argument;
    order_.push_back(name == pass::learning_rate_input ? &rate_
                     : name == pass::step_input        ? &step_
                                                       : nullptr);
    if (order_.back() == nullptr) (name == "label" ? label_ : example_) = order_.size() - 1;
  }
}

std::span<const Tensor* const> StepRunner::Arguments::bind(const data::Batch& examples, double rate,
                                                           std::int64_t step) {
  rate_.span<float>()[0] = static_cast<float>(rate);
  step_.span<std::int64_t>()[0] = step;
  if (example_) order_[*example_] = &examples.inputs;
  if (label_) order_[*label_] = &examples.labels;
  return order_;
}

StepRunner::Phase::Phase(ir::Program made, exec::Executor& executor,
                         const std::optional<pass::MemoryBudget>& memory)
    : program(std::move(made)),
      executable(executor.compile(program, {memory})),
      arguments(program) {}

StepRunner::StepRunner(const ir::Program& model, const TrainOptions& options,
                       exec::Executor& executor)
    : parts_(options.batch / options.at_once()), reports_norm_(options.update.report_norm) {
  if (parts_ == 1) {
    part_.emplace(training_program(model, options, executor.target()), executor, options.memory);
  } else {
    auto programs = accumulating_programs(model, options, executor.target());
    part_.emplace(std::move(programs.gradients), executor, options.memory);
    update_.emplace(std::move(programs.update), executor, std::nullopt);
    for (const auto& state : model.states)
      if (const auto name = pass::accumulator_name(state.name);
          update_->program.state(name) != nullptr)
        accumulators_.push_back(name);
  }
  loss_output_ = output_index(part_->program, "loss");
}

StepRunner::Result StepRunner::run(const data::Batch& batch, double rate, std::int64_t step,
                                   exec::States& states) {
  Result result;
  for (std::int64_t part = 0; part < parts_; ++part) {
    part_->run(part_of(batch, part), rate, number_of(step, part), states);
    result.loss += static_cast<double>(part_->outputs[loss_output_].span<float>()[0]);
  }
  result.loss /= static_cast<double>(parts_);
  if (update_) update_->run(batch, rate, step, states);
  if (reports_norm_)
    result.gradient_norm = static_cast<double>(last().outputs.back().span<float>()[0]);
  return result;
}

std::optional<exec::Isolated> StepRunner::first_nonfinite(const data::Batch& batch, double rate,
                                                          std::int64_t step, exec::States& states,
                                                          exec::Executor& executor) {
  const auto look = [&](Phase& phase, const data::Batch& examples, std::int64_t number) {
    return exec::first_nonfinite(phase.program, executor,
                                 phase.arguments.bind(examples, rate, number), values_of(states));
  };
  for (std::int64_t part = 0; part < parts_; ++part) {
    const data::Batch& examples = part_of(batch, part);
    if (auto found = look(*part_, examples, number_of(step, part))) return found;
    if (update_) part_->run(examples, rate, number_of(step, part), states);
  }
  return update_ ? look(*update_, batch, step) : std::nullopt;
}

const data::Batch& StepRunner::part_of(const data::Batch& batch, std::int64_t part) {
  if (parts_ == 1) return batch;
  const std::int64_t rows = batch.inputs.shape()[0] / parts_;
  if (taken_.size != rows)
    taken_ = {room_for(batch.inputs, rows), room_for(batch.labels, rows), rows};
  copy_rows(batch.inputs, part, taken_.inputs);
  copy_rows(batch.labels, part, taken_.labels);
  return taken_;
}

}  // namespace gnomon::train
