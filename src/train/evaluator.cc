#include "train/evaluator.h"

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/loader.h"
#include "train/loss.h"

namespace gnomon::train {
namespace {

enum Result : std::size_t { logits_output, prediction_output };

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
                     std::int64_t batch)
    : batch_(batch),
      executable_(executor.compile(at_precision(with_prediction(model), precision))) {}

Evaluation Evaluator::evaluate(const data::Dataset& data, exec::States& states) {
  Evaluation result;
  data::Loader loader(data, in_order(batch_));
  Progress progress("evaluating", data.size());
  std::vector<Tensor> outputs;
  while (const data::Batch* batch = loader.next()) {
    check_interrupt();
    const Tensor* inputs[] = {&batch->images};
    executable_->run(inputs, states, outputs);
    const Tensor logits = convert(outputs[logits_output], DType::f32);
    const auto classes = static_cast<std::size_t>(logits.shape()[1]);
    const auto predictions = outputs[prediction_output].span<std::int32_t>();
    const auto labels = batch->labels.span<std::int32_t>();
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch->size); ++i) {
      result.correct.push_back(predictions[i] == labels[i]);
      result.loss += cross_entropy(logits.span<float>().subspan(i * classes, classes), labels[i]);
    }
    progress.update(static_cast<std::int64_t>(result.correct.size()));
  }
  const auto n = static_cast<double>(result.correct.size());
  result.accuracy =
      static_cast<double>(std::count(result.correct.begin(), result.correct.end(), 1)) / n;
  result.loss /= n;
  return result;
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
    batches.push_back(batch->images);
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
