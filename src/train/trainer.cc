#include "train/trainer.h"

#include <cmath>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/loader.h"
#include "pass/pipeline.h"
#include "trace/recorder.h"
#include "train/evaluator.h"
#include "train/loss.h"

namespace gnomon::train {
namespace {

enum Result : std::size_t { logits_output, loss_output };

void check(const TrainOptions& options) {
  const auto require = [](bool holds, std::string_view what, auto value, std::string_view allowed) {
    if (!holds) throw InputError("{} {}: must be {}", what, value, allowed);
  };
  require(options.epochs >= 1 && options.epochs <= 100000, "epochs", options.epochs,
          "between 1 and 100000");
  require(options.learning_rate > 0 && options.learning_rate <= 1e3, "learning rate",
          options.learning_rate, "above 0 and at most 1000");
  require(options.momentum >= 0 && options.momentum < 1, "momentum", options.momentum,
          "at least 0 and below 1");
  require(options.weight_decay >= 0 && options.weight_decay <= 1, "weight decay",
          options.weight_decay, "between 0 and 1");
}

}  // namespace

ir::Program training_program(const ir::Program& model, const TrainOptions& options,
                             const machine::Target& target) {
  pass::PipelineOptions steps;
  steps.precision = dtype(options.precision);
  steps.training = pass::Training{"loss", {options.momentum, options.weight_decay}};
  steps.after = "simplify";  // the rest is the executor's
  return pass::lower(with_cross_entropy(model), target, steps).program;
}

Trainer::Trainer(ir::Program model, exec::Executor& executor, const TrainOptions& options)
    : model_(std::move(model)), executor_(executor), options_(options) {
  check(options);
  ir::Program program = training_program(model_, options, executor.target());
  states_ = std::make_unique<exec::States>(program, options.seed);
  step_ = executor.compile(std::move(program));
}

Trainer::~Trainer() = default;

TrainResult Trainer::run(const data::Splits& data,
                         const std::function<void(const Epoch&)>& report) {
  TrainResult result;
  Evaluator evaluator(model_, executor_, options_.precision, options_.batch);
  Seconds total;
  for (std::int64_t number = 1; number <= options_.epochs && !result.interrupted; ++number) {
    const Seconds begin = now();
    Epoch epoch{number, train_epoch(data, number, result), 0, {}};
    epoch.duration = now() - begin;
    total += epoch.duration;
    if (result.interrupted) break;
    epoch.accuracy = evaluator.evaluate(data.test, *states_).accuracy;
    result.accuracy = epoch.accuracy;
    result.epochs.push_back(epoch);
    report(epoch);
  }
  result.images_per_second = static_cast<double>(result.steps * options_.batch) / total.value;
  return result;
}

double Trainer::train_epoch(const data::Splits& data, std::int64_t number, TrainResult& result) {
  static const trace::Name step_event =
      trace::intern({"step", trace::Category::step, {"images", ""}});
  data::LoaderOptions loading;
  loading.batch_size = options_.batch;
  loading.seed = options_.seed;
  data::Loader loader(data.train, loading);
  loader.seek({number - 1, 0});
  const auto per_epoch = loader.batches_per_epoch();
  const auto steps = per_epoch * options_.epochs;
  Progress progress(fmt::format("epoch {}/{}", number, options_.epochs), per_epoch);
  Tensor rate(DType::f32, {});
  std::vector<Tensor> outputs;
  double loss = 0;
  for (std::int64_t done = 0; done < per_epoch; ++done) {
    if (interrupted()) {
      result.interrupted = true;
      return loss;
    }
    const data::Batch* batch = loader.next();
    rate.span<float>()[0] =
        static_cast<float>(options_.learning_rate * factor(options_.schedule, result.steps, steps));
    {
      const trace::Scope scope(step_event, batch->size);
      const Tensor* inputs[] = {&batch->images, &batch->labels, &rate};
      step_->run(inputs, *states_, outputs);
    }
    ++result.steps;
    const auto now_loss = static_cast<double>(outputs[loss_output].span<float>()[0]);
    if (!std::isfinite(now_loss))
      throw InputError(
          "training diverged: the loss is {} after {} steps; use a smaller --learning-rate than {}",
          now_loss, result.steps, options_.learning_rate);
    loss += now_loss;
    progress.update(done + 1, fmt::format("loss {:.4f}", loss / static_cast<double>(done + 1)));
  }
  return loss / static_cast<double>(per_epoch);
}

}  // namespace gnomon::train
