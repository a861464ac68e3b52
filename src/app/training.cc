#include "app/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "app/run_report.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/shipped.h"
#include "data/brown.h"
#include "machine/host.h"
#include "trace/recorder.h"
#include "train/loss_watch.h"
#include "train/model_file.h"
#include "train/replay.h"

namespace gnomon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t prompt_tokens = 12, sample_tokens = 200;
constexpr std::int64_t steps_per_memory = 20;  // between two points of the trace's memory counter

trace::Name memory_name() {
  static const trace::Name name = trace::intern({.text = "resident memory",
                                                 .category = trace::Category::phase,
                                                 .arguments = {},
                                                 .unit = "bytes"});
  return name;
}

std::map<std::string, std::string> facts_of(const Training& training,
                                            const train::Workload& workload,
                                            const exec::Executor& executor) {
  const auto host = machine::read_host();
  return {{"executor", std::string(executor.name())},
          {"threads", std::to_string(threads_of(training.execution))},
          {"data.hash", workload.splits.train.hash},
          {"data.examples", std::to_string(workload.splits.train.size())},
          {"test.examples", std::to_string(workload.splits.test.size())},
          {"host.processor", host.processor},
          {"host.family", host.family},
          {"host.kernel", host.kernel},
          {"version", GNOMON_VERSION},
          {"keep.last", std::to_string(training.retention.last)},
          {"keep.best", training.retention.best ? "1" : "0"},
          {"keep.every", std::to_string(training.retention.every)},
          {"checkpoint.steps", std::to_string(training.checkpoint_steps)},
          {"rematerialise", training.rematerialise},
          {"out", training.out.empty() ? "" : fs::absolute(training.out).string()}};
}

// Data that is known by name and can be fetched is, once.
train::Workload load(const train::Recipe& recipe) {
  const auto fetch = find_shipped("tools/fetch-data");
  if (recipe.data == "brown" && fetch && !fs::exists(data::brown_folder())) {
    fmt::print(stderr, "gnomon: fetching the Brown corpus (11 MB) into {}\n",
               data::brown_folder().string());
    Command command;
    command.argv = {fetch->string(), "brown"};
    const auto outcome = run_command(command);
    if (outcome.exit_code != 0) throw EnvironmentError("brown: {}", outcome.err);
  }
  return train::load_workload(recipe);
}

// A default meant for longer runs gives way.
train::Recipe with_fitting_warmup(train::Recipe recipe, const train::Workload& workload) {
  const auto steps = train::total_steps(train::train_options(recipe), workload.splits.train.size());
  recipe.warmup = std::min(recipe.warmup, steps / 10);
  return recipe;
}

train::ModelFile model_file(const train::RunRecord& record, const train::Workload& workload,
                            const ir::Program& inference, const exec::States& trained,
                            std::int64_t steps) {
  const train::Recipe& recipe = record.recipe;
  train::ModelFile file;
  file.model = recipe.model;
  if (recipe.program.empty())
    file.shape = train::shape_of(recipe, workload);
  else
    file.program = inference;
  file.tokeniser = workload.tokeniser;
  file.classes = workload.splits.train.classes;
  if (workload.splits.train.inputs.dtype() == DType::u8)
    file.normalisation = workload.splits.train.normalisation;
  train::take_states(inference, trained, file);
  file.metadata = record.facts;
  // How the run was kept, and in how much memory, is nothing about the model.
  std::erase_if(file.metadata, [](const auto& fact) {
    const std::string& key = fact.first;
    return key == "out" || key == "rematerialise" || key.starts_with("keep.") ||
           key.starts_with("checkpoint.");
  });
  file.metadata["recipe"] = train::to_json(recipe);
  file.metadata["data"] = recipe.data;
  file.metadata["steps"] = std::to_string(steps);
  return file;
}

train::TrainOptions options_of(const train::Recipe& recipe, const Training& training) {
  auto options = train::train_options(recipe);
  options.memory = memory_budget(training.rematerialise);
  return options;
}

bool has_statistics(const ir::Program& model) {
  return std::any_of(model.states.begin(), model.states.end(),
                     [](const ir::State& state) { return state.role == ir::Role::statistic; });
}

// Other examples under the same name make another run.
void check_data(const train::RunRecord& before, const train::Workload& workload,
                const fs::path& folder) {
  const auto hash = before.facts.find("data.hash");
  const std::string& now = workload.splits.train.hash;
  if (hash == before.facts.end() || hash->second == now) return;
  throw InputError(
      "{}: the run {} was started with other contents of it (hash {}, now {}); put those back, "
      "or start another run",
      before.recipe.data, folder.string(), hash->second, now);
}

fault::Checkpoint checkpoint_named(const fs::path& folder, const std::string& name) {
  const auto kept = train::checkpoint_folder(folder);
  const auto files = fault::checkpoint_files(kept);
  if (files.empty()) throw InputError("{}: holds no checkpoint", folder.string());
  if (name == "best") {
    if (const auto best = fault::best_checkpoint(kept))
      return fault::read_checkpoint(files.at(best->step));
    throw InputError("--checkpoint best: no checkpoint that {} keeps was evaluated; take latest",
                     folder.string());
  }
  if (name == "latest") return fault::read_checkpoint(files.rbegin()->second);
  for (const auto& [step, file] : files)
    if (name == std::to_string(step)) return fault::read_checkpoint(file);
  std::vector<std::int64_t> steps;
  for (const auto& entry : files) steps.push_back(entry.first);
  throw InputError("--checkpoint {}: {} keeps none of that name; there are best, latest, {}", name,
                   folder.string(), fmt::join(steps, ", "));
}

// One call of run_training.
class Session {
 public:
  explicit Session(const Training& training)
      : t_(training),
        stacks_(training.execution.stacks_file),
        executor_(make_executor(training.execution)),
        workload_(load(training.recipe)),
        model_(train::build_model(training.recipe, workload_)),
        recipe_(training.default_warmup ? with_fitting_warmup(training.recipe, workload_)
                                        : training.recipe),
        options_(options_of(recipe_, training)),
        trainer_(std::make_unique<train::Trainer>(model_, *executor_, workload_.splits, options_)),
        model_path_(training.out.empty() ? train::model_path(training.folder) : training.out) {
    require_writable(model_path_);
    if (!workload_.note.empty()) fmt::print(stderr, "gnomon: {}\n", workload_.note);
    record_.recipe = recipe_;
    // It may be resumed from another folder.
    record_.recipe.data = train::with_whole_paths(recipe_.data);
    record_.started = timestamp_utc();
    record_.facts = facts_of(t_, workload_, *executor_);
    record_.total_steps = trainer_->total_steps();
    if (!t_.weights.empty()) start_from(t_.weights);
    if (keeps()) open_run();
    if (options_.at_once() < options_.batch && has_statistics(trainer_->model()))
      warn(fmt::format("{}: its statistics are of {} examples at a time, not of the batch's {}",
                       recipe_.model, options_.at_once(), options_.batch));
  }

  Trained finish() {
    Tracing tracing(t_.execution.trace_file);
    train::TrainResult result;
    try {
      result =
          trainer_->run({.step = [this](const train::Step& step) { after_step(step); },
                         .assessed = [this](const train::Assessment& a) { after_assessment(a); }});
    } catch (const train::NotFinite& error) {
      fail(error);
    } catch (const InputError& error) {
      if (keeps()) note_failure(error.what());
      throw;
    }
    // A run that had ended before did no step now; its rate is the one measured then.
    if (result.examples_per_second > 0) record_.examples_per_second = result.examples_per_second;
    record_.state = result.interrupted ? train::RunState::interrupted : train::RunState::finished;
    if (keeps() && result.interrupted) save_checkpoint();
    save_model();
    close();
    tracing.finish();
    stacks_.finish();
    return {record_, model_path_};
  }

 private:
  bool keeps() const { return !t_.folder.empty(); }

  void start_from(const fs::path& weights) {
    train::load_weights(weights, trainer_->model(), trainer_->states());
    record_.facts["weights"] = fs::absolute(weights).string();
    record_.facts["weights.hash"] = hash128(read_file(weights, Bytes(64.0 * (1 << 30))));
  }

  void open_run() {
    lock_ = train::lock_run(t_.folder);
    train::remove_unfinished(t_.folder);
    if (t_.resume) go_on();
    log_ = std::make_unique<train::StepLog>(t_.folder, trainer_->steps());
    if (!log_->damage().empty()) warn(log_->damage());
    write_record();
    checkpoints_ =
        std::make_unique<fault::Checkpoints>(train::checkpoint_folder(t_.folder), t_.retention);
    // From the start too, so that whatever happens can be repeated.
    if (trainer_->steps() == 0) save_checkpoint();
    last_checkpoint_ = now();
  }

  void go_on() {
    const auto [before, damage] = train::recover_run(t_.folder);
    record_.started = before.started;
    record_.warnings = before.warnings;
    check_data(before, workload_, t_.folder);
    if (!damage.empty()) warn(damage);
    auto latest = fault::latest_checkpoint(train::checkpoint_folder(t_.folder));
    if (!latest.checkpoint) return begin_again(before, latest);
    for (const auto& why : latest.damaged) warn("a checkpoint is left out: " + why);
    const std::string file = latest.file.string();
    auto recipe = train::run_of(*latest.checkpoint, file).recipe;
    recipe.data = train::with_whole_paths(recipe.data);
    const auto different = train::differences(recipe, record_.recipe);
    if (!different.empty())
      throw InputError("{}: is of a run with another {}; remove it, or start another run", file,
                       different[0]);
    trainer_->resume(train::snapshot_of(std::move(*latest.checkpoint), file));
    record_.examples_per_second = before.examples_per_second;
    cost_before_ = before.checkpoints;
    for (const auto* fact : {"weights", "weights.hash"})
      if (before.facts.contains(fact)) record_.facts[fact] = before.facts.at(fact);
    for (const auto* fact : {"threads", "executor", "host.family"})
      if (before.facts.contains(fact) && before.facts.at(fact) != record_.facts.at(fact))
        warn(fmt::format("resumed with another {}: {}, before {}; the result will differ in bits",
                         fact, record_.facts.at(fact), before.facts.at(fact)));
    for (const auto& sample : before.samples)
      if (sample.step <= trainer_->steps()) record_.samples.push_back(sample);
    if (!t_.quiet)
      fmt::print("resumed after step {} of {}\n", trainer_->steps(), trainer_->total_steps());
  }

  // A run that was killed before its first checkpoint. Checkpoints that are there and cannot be
  // read are not written over.
  void begin_again(const train::RunRecord& before, const fault::Latest& latest) {
    if (!latest.damaged.empty())
      throw InputError("{}; restore one, or start another run", fmt::join(latest.damaged, "\n"));
    if (const auto weights = before.facts.find("weights"); weights != before.facts.end())
      start_from(weights->second);
    warn("the run has no checkpoint yet; training begins again");
  }

  void after_step(const train::Step& step) {
    if (const auto made = trainer_->recomputation(); made && !std::exchange(told_memory_, true))
      fmt::print(stderr, "gnomon: {}\n", sentence(*made));
    if (auto sentence = watch_.add(step.number, step.loss); !sentence.empty())
      warn(std::move(sentence));
    if (step.number % steps_per_memory == 0) trace::counter(memory_name(), resident_memory().value);
    if (!keeps()) return;
    log_->add(step);
    const bool due = t_.checkpoint_steps > 0
                         ? step.number % t_.checkpoint_steps == 0
                         : (now() - last_checkpoint_).value >= t_.checkpoint_seconds;
    if (due) save_checkpoint();
  }

  void after_assessment(const train::Assessment& assessment) {
    if (!t_.quiet) {
      fmt::print("{}  loss {:.4f}  test loss {:.4f}{}  {}\n", progress_of(assessment),
                 assessment.loss, assessment.test_loss,
                 options_.loss == train::Loss::cross_entropy
                     ? fmt::format("  test accuracy {:.4f}", assessment.accuracy)
                     : "",
                 to_string(assessment.duration));
      std::fflush(stdout);
    }
    write_sample(assessment.step);
    if (keeps()) save_checkpoint();
  }

  std::string progress_of(const train::Assessment& assessment) const {
    if (options_.steps == 0 && options_.evaluate_every == 0)
      return fmt::format("epoch {:.0f}/{}", assessment.epoch, options_.epochs);
    return fmt::format("step {}/{}", assessment.step, trainer_->total_steps());
  }

  // How the model goes on from the beginning of the test part.
  void write_sample(std::int64_t step) {
    if (!workload_.tokeniser || !recipe_.program.empty()) return;
    train::Sampling sampling;
    sampling.temperature = 0.8;
    const auto shape = train::shape_of(recipe_, workload_);
    const auto first = workload_.splits.test.inputs.span<std::int32_t>().first(
        static_cast<std::size_t>(std::min(prompt_tokens, shape.context)));
    const std::string prompt = workload_.tokeniser->decode(first);
    train::Decoder decoder(train::text_model(recipe_.model, shape, true, train::Precision::f32),
                           *executor_, trainer_->trained());
    const std::string text =
        continue_text(decoder, *workload_.tokeniser, prompt, sample_tokens, sampling);
    record_.samples.push_back({step, prompt, text});
  }

  void save_checkpoint() {
    static const trace::Name event = trace::intern({"checkpoint", trace::Category::phase, {}});
    const trace::Scope scope(event);
    log_->flush();
    write_record();
    checkpoints_->save(train::to_checkpoint(trainer_->snapshot(), record_));
    last_checkpoint_ = now();
  }

  void save_model() {
    train::save(model_path_, model_file(record_, workload_, trainer_->model(), trainer_->trained(),
                                        trainer_->steps()));
  }

  void update_record() {
    record_.updated = timestamp_utc();
    record_.steps = trainer_->steps();
    record_.assessments = trainer_->assessments();
    record_.checkpoints = cost_before_;
    if (checkpoints_) record_.checkpoints += checkpoints_->cost();
  }

  void write_record() {
    update_record();
    train::write_run(t_.folder, record_);
  }

  void close() {
    if (!keeps()) return update_record();
    log_->flush();
    checkpoints_->wait();
    write_record();
    write_run_report(t_.folder);
  }

  void warn(std::string sentence) {
    fmt::print(stderr, "gnomon: {}\n", sentence);
    record_.warnings.push_back(std::move(sentence));
  }

  void note_failure(std::string why) {
    record_.state = train::RunState::failed;
    record_.warnings.push_back(std::move(why));
    close();
  }

  // Finds out where the number came from, and rethrows with it in the message.
  [[noreturn]] void fail(const train::NotFinite& error) {
    std::string message = error.what();
    if (keeps()) {
      record_.state = train::RunState::failed;
      log_->flush();
      checkpoints_->wait();
      write_record();
      try {
        message += "\n" + origin_of(error.step.number);
      } catch (const std::exception& failure) {
        message += fmt::format("\nwhere it came from was not found: {}", failure.what());
      }
      note_failure(message);
    }
    throw train::NotFinite(error.step, message);
  }

  std::string origin_of(std::int64_t step) {
    const auto latest = fault::latest_checkpoint(train::checkpoint_folder(t_.folder));
    if (!latest.checkpoint) return "there is no checkpoint to repeat the last steps from";
    fmt::print(stderr, "gnomon: repeating from step {} to find where it came from\n",
               latest.checkpoint->step);
    const auto replay = train::find_origin(
        *trainer_, *executor_, train::snapshot_of(*latest.checkpoint, latest.file.string()), step);
    if (!replay) return "repeated from the last checkpoint, all numbers are finite";
    const fs::path file = t_.folder / "replay.safetensors";
    train::save_replay(file, *replay);
    return fmt::format("first not finite: {} at step {}; look at it with: gnomon replay {}",
                       replay->isolated.what, replay->step, file.string());
  }

  const Training& t_;
  StackSampling stacks_;  // before all that has threads
  std::unique_ptr<exec::Executor> executor_;
  train::Workload workload_;
  train::Model model_;
  train::Recipe recipe_;
  train::TrainOptions options_;
  std::unique_ptr<train::Trainer> trainer_;
  fs::path model_path_;
  train::RunRecord record_;
  fault::CheckpointCost cost_before_;  // of the processes that had the run before this one
  train::LossWatch watch_;
  std::optional<FileLock> lock_;
  std::unique_ptr<train::StepLog> log_;
  std::unique_ptr<fault::Checkpoints> checkpoints_;
  Seconds last_checkpoint_;
  bool told_memory_ = false;
};

}  // namespace

Trained run_training(const Training& training) { return Session(training).finish(); }

train::ModelFile checkpoint_model(const fs::path& folder, const std::string& checkpoint) {
  auto found = checkpoint_named(folder, checkpoint);
  const auto record = train::run_of(found, folder.string());
  const auto workload = load(record.recipe);
  check_data(record, workload, folder);
  const ir::Program model = train::build_model(record.recipe, workload).inference;
  const auto snapshot = train::snapshot_of(std::move(found), folder.string());
  return model_file(record, workload, model,
                    train::trained_states(model, snapshot, record.recipe.average), snapshot.steps);
}

std::string continue_text(train::Decoder& decoder, const data::Tokeniser& tokeniser,
                          const std::string& prompt, std::int64_t tokens,
                          const train::Sampling& sampling) {
  std::vector<std::int32_t> ids;
  train::generate(decoder, tokeniser.encode(prompt, "prompt"), tokens, sampling,
                  [&](std::int32_t id) {
                    ids.push_back(id);
                    return id != tokeniser.end_of_text();
                  });
  return tokeniser.decode(ids);
}

}  // namespace gnomon::app
