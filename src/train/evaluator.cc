#include "train/evaluator.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"

namespace gnomon::train {
namespace {

// A batch has as many rows of outputs as of labels, or several for each example.
void keep(const data::Batch& batch, const Tensor& logits, std::int64_t done, std::int64_t examples,
          Evaluation& result) {
  const std::int64_t rows_each = logits.shape()[0] / batch.labels.shape()[0];
  const std::int64_t numbers_each = logits.count() / batch.labels.shape()[0];
  if (!result.outputs) {
    Shape shape = logits.shape();
    shape[0] = examples * rows_each;
    result.outputs.emplace(DType::f32, shape);
  }
  const auto from = logits.span<float>().first(batch.size * numbers_each);
  std::copy(from.begin(), from.end(), result.outputs->span<float>().begin() + done * numbers_each);
}

double cross_entropy(std::span<const float> logits, std::int32_t label) {
  const double peak = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - peak);
  return std::log(sum) + peak - static_cast<double>(logits[static_cast<std::size_t>(label)]);
}

data::LoaderOptions in_order(std::int64_t batch) {
  data::LoaderOptions options;
  options.batch_size = batch;
  options.shuffle = false;
  options.drop_partial = false;
  return options;
}

}  // namespace

Evaluator::Evaluator(const ir::Program& model, exec::Executor& executor, Precision precision,
                     std::int64_t batch, Loss loss)
    : batch_(batch), loss_(loss), logits_(output_index(model, "logits")) {
  const bool classifies = loss == Loss::cross_entropy;
  const ir::Program program = classifies ? with_prediction(model) : model;
  if (classifies) prediction_ = output_index(program, "prediction");
  executable_ = executor.compile(at_precision(program, precision));
}

Evaluation Evaluator::evaluate(const data::Dataset& data, exec::States& states, bool keep_outputs) {
  Evaluation result;
  data::Loader loader(data, in_order(batch_));
  Progress progress("evaluating", data.size());
  std::vector<Tensor> outputs;
  std::int64_t done = 0;
  while (const data::Batch* batch = loader.next()) {
    check_interrupt();
    const Tensor* inputs[] = {&batch->inputs};
    executable_->run(inputs, states, outputs);
    const Tensor logits = convert(outputs[logits_], DType::f32);
    add(*batch, logits, outputs, result);
    if (keep_outputs) keep(*batch, logits, done, data.size(), result);
    progress.update(done += batch->size);
  }
  const auto right = std::count(result.correct.begin(), result.correct.end(), 1);
  if (!result.correct.empty())
    result.accuracy = static_cast<double>(right) / static_cast<double>(result.correct.size());
  const double labels_each =
      static_cast<double>(data.labels.count()) / static_cast<double>(data.size());
  result.loss /= static_cast<double>(data.size()) * labels_each;
  return result;
}

// A batch's labels are one per prediction, or one per number predicted.
void Evaluator::add(const data::Batch& batch, const Tensor& logits,
                    const std::vector<Tensor>& outputs, Evaluation& result) const {
  const auto given = logits.span<float>();
  const auto count =
      static_cast<std::size_t>(batch.labels.count() / batch.labels.shape()[0] * batch.size);
  if (loss_ == Loss::mean_squared_error) {
    const auto wanted = batch.labels.span<float>();
    for (std::size_t i = 0; i < count; ++i)
      result.loss += std::pow(static_cast<double>(given[i]) - static_cast<double>(wanted[i]), 2);
    return;
  }
  const auto classes = static_cast<std::size_t>(logits.shape().back());
  const auto predictions = outputs[prediction_].span<std::int32_t>();
  const auto labels = batch.labels.span<std::int32_t>();
  for (std::size_t i = 0; i < count; ++i) {
    if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= classes)
      throw InputError("label {}: the model tells {} classes apart, 0 to {}", labels[i], classes,
                       classes - 1);
    result.correct.push_back(predictions[i] == labels[i]);
    result.loss += cross_entropy(given.subspan(i * classes, classes), labels[i]);
  }
}

std::vector<Seconds> Evaluator::sample_latency(const data::Dataset& data, exec::States& states,
                                               Seconds duration) {
  constexpr std::int64_t images_in_memory = 2048;
  constexpr Seconds shortest_sample(1e-3);
  std::vector<Tensor> batches;
  data::LoaderOptions full = in_order(batch_);
  full.drop_partial = true;
  data::Loader loader(data, full);
  const auto wanted = std::max<std::int64_t>(1, images_in_memory / batch_);
  while (static_cast<std::int64_t>(batches.size()) < wanted) {
    const data::Batch* batch = loader.next();
    if (batch == nullptr) break;
    batches.push_back(batch->inputs);
  }
  std::vector<Tensor> outputs;
  std::size_t next = 0;
  const auto run = [&] {
    const Tensor* inputs[] = {&batches[next++ % batches.size()]};
    executable_->run(inputs, states, outputs);
  };
  run();
  const Seconds first = now();
  run();
  const Seconds once = now() - first;
  const auto runs = static_cast<int>(std::clamp(std::ceil(shortest_sample / once), 1.0, 1e4));
  std::vector<Seconds> samples;
  for (const Seconds start = now(); now() - start < duration || samples.size() < 16;) {
    check_interrupt();
    const Seconds begin = now();
    for (int i = 0; i < runs; ++i) run();
    samples.push_back((now() - begin) / runs);
  }
  return samples;
}

}  // namespace gnomon::train
