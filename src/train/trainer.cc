#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "trace/recorder.h"
#include "train/evaluator.h"
#include "train/step_runner.h"

namespace gnomon::train {
namespace {

void check(const TrainOptions& options) {
  const auto require = [](bool holds, std::string_view what, auto value, std::string_view allowed) {
    if (!holds) throw InputError("{} {}: must be {}", what, value, allowed);
  };
  require(options.epochs >= 1 && options.epochs <= 100000, "epochs", options.epochs,
          "between 1 and 100000");
  require(options.batch >= 1 && options.batch <= 1 << 20, "batch", options.batch,
          "between 1 and 1048576");
  if (options.microbatch < 0 || options.batch % options.at_once() != 0)
    throw InputError("microbatch {}: must divide the batch, {}", options.microbatch, options.batch);
  require(options.steps >= 0, "steps", options.steps, "at least 1");
  require(options.evaluate_every >= 0, "evaluate every", options.evaluate_every, "at least 1 step");
  require(options.warmup >= 0, "warmup", options.warmup, "at least 0");
  require(options.learning_rate > 0 && options.learning_rate <= 1e3, "learning rate",
          options.learning_rate, "above 0 and at most 1000");
}

std::int64_t total_with_warmup(const TrainOptions& options, std::int64_t examples) {
  const std::int64_t total = total_steps(options, examples);
  if (options.warmup > total)
    throw InputError("warmup {}: is longer than the run, which has {} steps; warm up for fewer",
                     options.warmup, total);
  return total;
}

data::LoaderOptions loading(const TrainOptions& options) {
  data::LoaderOptions loading;
  loading.batch_size = options.batch;
  loading.seed = options.seed;
  loading.augmentation = options.augmentation;
  return loading;
}

// The element type in which a batch arrives.
DType loaded(DType kept, DType narrow) { return kept == DType::u8 ? narrow : kept; }

std::int64_t largest_label(const Tensor& labels) {
  std::int64_t largest = -1;
  const auto take = [&]<typename T>(std::span<const T> values) {
    for (const T value : values) {
      if (value < T{}) throw InputError("labels: hold {}, which is no class number", value);
      largest = std::max<std::int64_t>(largest, value);
    }
  };
  if (labels.dtype() == DType::u8) take(labels.span<std::uint8_t>());
  if (labels.dtype() == DType::i32) take(labels.span<std::int32_t>());
  return largest;
}

// `find` gives a state of the training by its name, if there is one.
template <typename Find>
exec::States trained_of(const ir::Program& inference, Find&& find, double decay,
                        std::int64_t steps) {
  exec::States result(inference, 0);
  // The averages start from 0: this is what they have been given of weight so far.
  const double given = 1 - std::pow(decay, static_cast<double>(steps));
  for (const auto& state : inference.states) {
    std::optional<Tensor> average;
    if (decay != 0 && steps != 0) average = find(pass::moment_name(state.name, "average"));
    if (!average) {
      const std::optional<Tensor> own = find(state.name);
      if (!own) throw InputError("snapshot: lacks {}; it is of another model", state.name);
      result.set(state.name, *own);
      continue;
    }
    for (auto& element : average->span<float>())
      element = static_cast<float>(static_cast<double>(element) / given);
    result.set(state.name, *average);
  }
  return result;
}

}  // namespace

exec::States trained_states(const ir::Program& inference, const Snapshot& snapshot,
                            double average_decay) {
  return trained_of(
      inference,
      [&](const std::string& name) {
        const auto found = snapshot.states.find(name);
        return found == snapshot.states.end() ? std::nullopt : std::optional(found->second);
      },
      average_decay, snapshot.steps);
}

std::int64_t total_steps(const TrainOptions& options, std::int64_t examples) {
  check(options);
  return options.steps > 0 ? options.steps : examples / options.batch * options.epochs;
}

Model model_named(std::string_view name, const ModelShape& shape) {
  return {build_model(name, shape, Mode::training), build_model(name, shape, Mode::inference)};
}

void require_batch(const ir::Program& model, const ir::Type& examples, std::int64_t batch) {
  const ir::Dim& extent = examples.dims[0];
  if (extent.is_symbol() ? batch > extent.size : batch != extent.size)
    throw InputError("{}: batch {}: the model takes {} {}", model.name, batch,
                     extent.is_symbol() ? "at most" : "exactly", extent.size);
}

void require_fit(const ir::Program& model, const data::Dataset& data, std::int64_t batch,
                 Loss loss) {
  const auto inputs = ir::inputs_of(model);
  if (inputs.size() != 1)
    throw InputError("{}: takes {} arguments; a model takes one, the examples", model.name,
                     inputs.size());
  const ir::Type& taken = model.nodes[inputs[0]].results[0];
  ir::Type given{loaded(data.inputs.dtype(), DType::f32), {}};
  for (const auto size : data.inputs.shape()) given.dims.emplace_back(size);
  bool fits = taken.dtype == given.dtype && taken.rank() == given.rank();
  for (std::size_t d = 1; fits && d < taken.rank(); ++d)
    fits = taken.dims[d].size == given.dims[d].size;
  if (!fits)
    throw InputError("{}: takes examples {}, the data holds {}", model.name, to_string(taken),
                     to_string(given));
  require_batch(model, taken, batch);
  const DType labels = loaded(data.labels.dtype(), DType::i32);
  const DType wanted = loss == Loss::cross_entropy ? DType::i32 : DType::f32;
  if (labels != wanted)
    throw InputError("{}: its loss, {}, takes labels of {}, the data holds {}", model.name,
                     loss_names()[static_cast<std::size_t>(loss)], name(wanted), name(labels));
  const ir::Type& logits = model.type(model.outputs[output_index(model, "logits")].value);
  if (loss == Loss::mean_squared_error) {
    bool same = logits.rank() == data.labels.shape().size();
    for (std::size_t d = 1; same && d < logits.rank(); ++d)
      same = logits.dims[d].size == data.labels.shape()[d];
    if (!same)
      throw InputError("{}: yields {}, the data holds targets {}", model.name, to_string(logits),
                       to_string(data.labels.shape()));
    return;
  }
  const auto classes = logits.dims.back().size;
  if (const auto label = largest_label(data.labels); label >= classes)
    throw InputError("{}: tells {} classes apart, but a label is {}", model.name, classes, label);
}

class Trainer::Work {
 public:
  Work(Model model, exec::Executor& executor, const data::Splits& data, const TrainOptions& options)
      : model_(std::move(model)),
        data_(data),
        options_(options),
        loader_(data.train, loading(options)),
        per_epoch_(loader_.batches_per_epoch()),
        total_(total_with_warmup(options, data.train.size())),
        period_(options.evaluate_every > 0 ? options.evaluate_every : per_epoch_),
        runner_(model_.training, options, executor),
        states_(runner_.program(), options.seed),
        evaluator_(model_.inference, executor, options.precision, options.at_once(), options.loss) {
  }

  TrainResult run(const Observer& observer) {
    const std::int64_t first = steps_;
    TrainResult result;
    Seconds total;
    // Stopped between the last step of a period and its assessment.
    if (steps_ > assessed() && (steps_ % period_ == 0 || steps_ == total_))
      result.interrupted = !assess({}, observer);
    seek();
    while (steps_ < total_ && !result.interrupted) {
      const Seconds begin = now();
      const std::int64_t end = std::min(total_, (steps_ / period_ + 1) * period_);
      result.interrupted = !train_until(end, observer);
      const Seconds duration = now() - begin;
      total += duration;
      if (!result.interrupted) result.interrupted = !assess(duration, observer);
    }
    result.assessments = assessments_;
    result.steps = steps_;
    if (steps_ > first)
      result.examples_per_second =
          static_cast<double>((steps_ - first) * options_.batch) / total.value;
    return result;
  }

  void advance(std::int64_t steps) {
    seek();
    while (steps_ < steps) {
      check_interrupt();
      train_step();
    }
  }

  std::optional<exec::Isolated> first_nonfinite(exec::Executor& executor) {
    seek();
    return runner_.first_nonfinite(next_batch(), rate(), steps_ + 1, states_, executor);
  }

  Snapshot snapshot() const {
    Snapshot snapshot{{}, steps_, loss_, assessments_};
    for (const auto& name : states_.names())
      if (!is_accumulator(name)) snapshot.states.emplace(name, states_.get(name));
    return snapshot;
  }

  void resume(const Snapshot& snapshot) {
    constexpr std::string_view why = "it is of another model or optimiser";
    for (const auto& name : states_.names()) {
      if (is_accumulator(name))
        states_.set(name, zeros(name));
      else if (!snapshot.states.contains(name))
        throw InputError("snapshot: lacks {}; {}", name, why);
    }
    for (const auto& [name, value] : snapshot.states) {
      if (!states_.contains(name))
        throw InputError("snapshot: holds {}, unknown here; {}", name, why);
      states_.set(name, value);
    }
    steps_ = snapshot.steps;
    loss_ = snapshot.loss;
    assessments_ = snapshot.assessments;
  }

  std::int64_t steps() const { return steps_; }
  std::int64_t total_steps() const { return total_; }
  const std::vector<Assessment>& assessments() const { return assessments_; }
  const ir::Program& model() const { return model_.inference; }
  exec::States& states() { return states_; }
  std::optional<pass::Recomputation> recomputation() const { return runner_.recomputation(); }

  exec::States trained() const {
    return trained_of(
        model_.inference,
        [&](const std::string& name) {
          return states_.contains(name) ? std::optional(states_.get(name)) : std::nullopt;
        },
        options_.update.average_decay, steps_);
  }

 private:
  void seek() { loader_.seek({steps_ / per_epoch_, steps_ % per_epoch_}); }

  const data::Batch& next_batch() {
    static const trace::Name event = trace::intern({"next batch", trace::Category::loader, {}});
    static const trace::Name ready = trace::intern({.text = "batches ready",
                                                    .category = trace::Category::loader,
                                                    .arguments = {},
                                                    .unit = "batches"});
    if (trace::recording()) trace::counter(ready, static_cast<double>(loader_.ready()));
    const trace::Scope scope(event);
    const data::Batch* batch = loader_.next();
    return batch != nullptr ? *batch : *loader_.next();  // an epoch has ended
  }

  bool is_accumulator(const std::string& name) const {
    const auto& names = runner_.accumulators();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Tensor zeros(const std::string& name) const {
    const ir::Type& type = runner_.program().state(name)->type;
    return {type.dtype, ir::bound_shape(type.dims)};
  }

  // The last step that was assessed.
  std::int64_t assessed() const { return assessments_.empty() ? 0 : assessments_.back().step; }

  double rate() const {
    return options_.learning_rate * factor(options_.schedule, steps_, total_, options_.warmup);
  }

  // False if interrupted before.
  bool train_until(std::int64_t end, const Observer& observer) {
    const std::int64_t begin = steps_ / period_ * period_;
    Progress progress(options_.steps == 0 && period_ == per_epoch_
                          ? fmt::format("epoch {}/{}", begin / per_epoch_ + 1, options_.epochs)
                          : fmt::format("steps {} to {} of {}", begin + 1, end, total_),
                      end - begin);
    while (steps_ < end) {
      if (interrupted()) return false;
      observer.step(train_step());
      const std::int64_t done = steps_ - begin;
      progress.update(done, fmt::format("loss {:.4f}", loss_ / static_cast<double>(done)));
    }
    return true;
  }

  Step train_step() {
    static const trace::Name event =
        trace::intern({"step", trace::Category::step, {"examples", ""}});
    static const trace::Name loss_counter = trace::intern({"loss", trace::Category::step, {}});
    static const trace::Name norm_counter =
        trace::intern({"gradient norm", trace::Category::step, {}});
    const data::Batch& batch = next_batch();
    Step step;
    step.number = steps_ + 1;
    step.learning_rate = rate();
    {
      const trace::Scope scope(event, batch.size);
      const auto result = runner_.run(batch, step.learning_rate, step.number, states_);
      step.loss = result.loss;
      step.gradient_norm = result.gradient_norm;
    }
    ++steps_;
    loss_ += step.loss;
    trace::counter(loss_counter, step.loss);
    if (options_.update.report_norm) trace::counter(norm_counter, step.gradient_norm);
    if (!std::isfinite(step.loss) || !std::isfinite(step.gradient_norm))
      throw NotFinite(step,
                      fmt::format("training diverged at step {}: the loss is {}{}; use a smaller "
                                  "--learning-rate than {}",
                                  step.number, step.loss,
                                  options_.update.report_norm
                                      ? fmt::format(", the gradients' norm {}", step.gradient_norm)
                                      : "",
                                  options_.learning_rate));
    return step;
  }

  // False if interrupted; it is done again by a run that goes on.
  bool assess(Seconds duration, const Observer& observer) {
    static const trace::Name event = trace::intern({"evaluation", trace::Category::phase, {}});
    const trace::Scope scope(event);
    exec::States states = trained();
    Evaluation evaluation;
    try {
      evaluation = evaluator_.evaluate(data_.test, states);
    } catch (const Interrupted&) {
      return false;
    }
    const std::int64_t before = assessed();
    assessments_.push_back({steps_, static_cast<double>(steps_) / static_cast<double>(per_epoch_),
                            loss_ / static_cast<double>(steps_ - before), evaluation.accuracy,
                            evaluation.loss, duration});
    loss_ = 0;
    observer.assessed(assessments_.back());
    return true;
  }

  Model model_;
  const data::Splits& data_;
  TrainOptions options_;
  data::Loader loader_;
  std::int64_t per_epoch_, total_, period_;
  StepRunner runner_;
  exec::States states_;
  Evaluator evaluator_;
  std::int64_t steps_ = 0;
  double loss_ = 0;
  std::vector<Assessment> assessments_;
};

Trainer::Trainer(Model model, exec::Executor& executor, const data::Splits& data,
                 const TrainOptions& options) {
  check(options);
  for (const auto* part : {&data.train, &data.test})
    require_fit(model.inference, *part, options.at_once(), options.loss);
  work_ = std::make_unique<Work>(std::move(model), executor, data, options);
}

Trainer::~Trainer() = default;

TrainResult Trainer::run(const Observer& observer) { return work_->run(observer); }
Snapshot Trainer::snapshot() const { return work_->snapshot(); }
void Trainer::resume(const Snapshot& snapshot) { work_->resume(snapshot); }
void Trainer::advance(std::int64_t steps) { work_->advance(steps); }
std::optional<exec::Isolated> Trainer::first_nonfinite(exec::Executor& executor) {
  return work_->first_nonfinite(executor);
}
std::optional<pass::Recomputation> Trainer::recomputation() const { return work_->recomputation(); }
std::int64_t Trainer::steps() const { return work_->steps(); }
std::int64_t Trainer::total_steps() const { return work_->total_steps(); }
const std::vector<Assessment>& Trainer::assessments() const { return work_->assessments(); }
const ir::Program& Trainer::model() const { return work_->model(); }
exec::States& Trainer::states() { return work_->states(); }
exec::States Trainer::trained() const { return work_->trained(); }

}  // namespace gnomon::train
