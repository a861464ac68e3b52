// What tools/pytorch-agreement compares with PyTorch (doc/agreement.md).
//
//   agreement cases                  the names of all cases
//   agreement write CASE FOLDER      CASE.START.weights.safetensors, model files of initial states,
//                                    CASE.safetensors: batches, random numbers, losses, gradients
//   agreement evaluate CASE FOLDER   CASE.pytorch.safetensors by name → CASE.logits.safetensors
//   agreement text FOLDER            text.safetensors: the examples that gpt-nano is trained on
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "data/safetensors.h"
#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"
#include "pass/gradient.h"
#include "pass/pipeline.h"
#include "pass/simplify.h"
#include "pass/widen.h"
#include "train/model_file.h"
#include "train/recipe.h"
#include "train/step_programs.h"

namespace {

using namespace gnomon;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

using Tensors = std::map<std::string, Tensor>;

constexpr std::string_view random_output = "random/";

struct Case {
  std::string name;
  train::Recipe recipe;
  bool frozen = false;  // batch-norm uses its statistics instead of the batch's
  bool real = false;    // the workload's examples, f32 alone
  int starts = 1;       // initial weights: the model's own, and those with each a last place away
};

train::Recipe small_recipe(const std::string& model, const std::string& optimiser,
                           bool regularised) {
  train::Recipe recipe = train::default_recipe(model);
  recipe.steps = 20;
  recipe.batch = model == "resnet20" ? 2 : 8;
  recipe.optimiser = optimiser;
  recipe.learning_rate = optimiser == "sgd" ? 0.05 : 1e-3;
  recipe.schedule = "constant";
  recipe.warmup = 0;
  recipe.weight_decay = optimiser == "sgd" ? 5e-4 : 0.1;
  recipe.clip_norm = regularised ? 1 : 0;
  recipe.dropout = regularised ? 0.2 : 0;
  recipe.label_smoothing = regularised ? 0.1 : 0;
  recipe.seed = 7;
  if (train::family_of(model) == train::Family::language_model) {
    recipe.layers = 2;
    recipe.features = 32;
    recipe.heads = 2;
    recipe.context = 16;
  }
  return recipe;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto* model : {"mlp", "lenet", "resnet20", "gpt-nano"})
    for (const auto* optimiser : {"sgd", "adamw"})
      for (const bool regularised : {false, true})
        cases.push_back({fmt::format("{}.{}{}", model, optimiser, regularised ? ".dropout" : ""),
                         small_recipe(model, optimiser, regularised)});
  cases.push_back({"resnet20.sgd.frozen", small_recipe("resnet20", "sgd", false), true});
  cases.back().recipe.learning_rate = 1e-3;
  for (const double momentum : {0.0, 0.9}) {
    auto recipe = train::default_recipe("lenet");
    recipe.steps = 100;
    recipe.schedule = "constant";
    recipe.learning_rate = 0.01;
    recipe.momentum = momentum;
    cases.push_back({momentum == 0 ? "lenet.long" : "lenet.long.momentum", recipe, false, true,
                     momentum == 0 ? 1 : 16});
  }
  return cases;
}

Case case_named(const std::string& name) {
  for (auto& known : all_cases())
    if (known.name == name) return known;
  throw InputError("case {}: unknown; see `agreement cases`", name);
}

train::ModelShape shape_of(const Case& c) {
  train::ModelShape shape = train::shape_of(c.recipe);
  if (c.recipe.model == "resnet20") {
    shape.channels = 3;
    shape.height = shape.width = 16;
  }
  return shape;
}

// The model with its random numbers as outputs, "random/" and the stream.
ir::Program with_random_outputs(const ir::Program& model) {
  ir::Builder b = ir::Builder::extend(model);
  for (const auto& output : model.outputs) b.output(output.name, output.value);
  for (std::uint32_t i = 0; i < model.nodes.size(); ++i)
    if (const auto* op = std::get_if<ir::RandomUniform>(&model.nodes[i].op))
      b.output(fmt::format("{}{}", random_output, op->stream), {i, 0});
  return b.finish();
}

train::Model build(const Case& c) {
  train::Model model = train::model_named(c.recipe.model, shape_of(c));
  if (c.frozen) model.training = model.inference;
  model.training = with_random_outputs(model.training);
  return model;
}

// Images are noise around a pattern of their class, texts are noise.
std::pair<Tensor, Tensor> made_batch(const Case& c, std::int64_t step) {
  const auto shape = shape_of(c);
  const Random random(99, static_cast<std::uint64_t>(step)), pattern(99, "pattern");
  std::uint64_t at = 0;
  if (train::family_of(c.recipe.model) == train::Family::language_model) {
    Tensor tokens(DType::i32, {shape.batch, shape.context}), labels = tokens;
    for (auto* part : {&tokens, &labels})
      for (auto& token : part->span<std::int32_t>())
        token = static_cast<std::int32_t>(
            random.below(static_cast<std::uint64_t>(shape.vocabulary), at++));
    return {tokens, labels};
  }
  Tensor images(DType::f32, {shape.batch, shape.channels, shape.height, shape.width});
  Tensor labels(DType::i32, {shape.batch});
  const auto pixels = static_cast<std::size_t>(images.count() / shape.batch);
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.batch); ++i) {
    const auto label = random.below(static_cast<std::uint64_t>(shape.classes), (1 << 24) + i);
    labels.span<std::int32_t>()[i] = static_cast<std::int32_t>(label);
    for (std::size_t p = 0; p < pixels; ++p)
      images.span<float>()[i * pixels + p] =
          static_cast<float>(random.normal(at++) + pattern.normal(label * pixels + p));
  }
  return {images, labels};
}

Tensors arguments_of(const Tensor& example, const Tensor& label, const Case& c, std::int64_t step) {
  return {{"image", example},
          {"tokens", example},
          {"label", label},
          {"learning_rate", Tensor::scalar(c.recipe.learning_rate)},
          {"step", Tensor::scalar(step)}};
}

// Runs once; takes of the arguments those that the program has, in its types.
Tensors run(exec::Executable& executable, const Tensors& arguments, exec::States& states) {
  const ir::Program& program = executable.program();
  std::vector<Tensor> given;
  for (const auto node : ir::inputs_of(program)) {
    const auto& op = std::get<ir::Input>(program.nodes[node].op);
    given.push_back(convert(arguments.at(op.argument), op.type.dtype));
  }
  std::vector<const Tensor*> pointers;
  for (const auto& tensor : given) pointers.push_back(&tensor);
  std::vector<Tensor> results;
  executable.run(pointers, states, results);
  Tensors named;
  for (std::size_t i = 0; i < results.size(); ++i)
    named.emplace(program.outputs[i].name, std::move(results[i]));
  return named;
}

// States for `program` that start from `from`, moments at 0.
exec::States started(const ir::Program& program, const exec::States& from) {
  exec::States states(program, 0);
  for (const auto& state : program.states)
    if (from.contains(state.name))
      states.set(state.name, convert(from.get(state.name), state.type.dtype));
  return states;
}

double number(const Tensor& scalar) { return convert(scalar, DType::f64).span<double>()[0]; }

Tensor numbers(const std::vector<double>& values) {
  return Tensor::of<double>({static_cast<std::int64_t>(values.size())}, values);
}

pass::PipelineOptions steps_of(const train::TrainOptions& options) {
  pass::PipelineOptions steps;
  steps.training = pass::Training{"loss", options.update};
  steps.after = "simplify";  // the rest is the executor's
  return steps;
}

ir::Program with_loss(const train::Model& model, const train::TrainOptions& options) {
  return train::with_loss(model.training, options.loss, options.label_smoothing);
}

// Forward, loss and gradients at that precision, as a training step has them.
ir::Program gradient_program(const train::Model& model, const train::TrainOptions& options,
                             train::Precision precision, const machine::Target& target) {
  auto steps = steps_of(options);
  steps.precision = train::dtype(precision);
  steps.without = {"update"};
  return pass::lower(with_loss(model, options), target, steps).program;
}

// A training step, or its gradients, in f64; widened first, so that no constant is rounded.
ir::Program wide_program(const train::Model& model, const train::TrainOptions& options, bool update,
                         const machine::Target& target) {
  auto steps = steps_of(options);
  steps.without = {"simplify"};
  if (!update) steps.without.insert("update");
  return pass::simplify(pass::widen(pass::lower(with_loss(model, options), target, steps).program));
}

// Dropout drops the same: a number in f32 is the leading bits of that in f64.
void check_random(const Tensors& narrow, const Tensors& wide) {
  for (const auto& [name, tensor] : narrow) {
    if (!name.starts_with(random_output)) continue;
    const Tensor value = convert(tensor, DType::f64);
    for (std::size_t i = 0; i < static_cast<std::size_t>(value.count()); ++i)
      GNOMON_CHECK(std::abs(value.span<double>()[i] - wide.at(name).span<double>()[i]) < 1e-7,
                   "{}: differs between f32 and f64 at {}", name, i);
  }
}

void add_gradients(const std::string& prefix, const Tensors& outputs, Tensors& to) {
  const std::string gradient = pass::gradient_output("");
  for (const auto& [name, tensor] : outputs)
    if (name.starts_with(gradient)) to.emplace(prefix + name.substr(gradient.size()), tensor);
}

void write_gradients(const Case& c, const train::Model& model, const exec::States& start,
                     Tensors& tensors) {
  exec::ReferenceExecutor reference;
  exec::CpuExecutor cpu({.threads = 1});
  const auto options = train::train_options(c.recipe);
  const auto [example, label] = made_batch(c, 1);
  const Tensors arguments = arguments_of(example, label, c, 1);
  const auto outputs_of = [&](ir::Program program, exec::Executor& executor) {
    exec::States states = started(program, start);
    return run(*executor.compile(std::move(program)), arguments, states);
  };
  const auto wide = outputs_of(wide_program(model, options, false, reference.target()), reference);
  add_gradients("gradient/f64/", wide, tensors);
  tensors.emplace("logits/f64", wide.at("logits"));
  for (const auto precision : {train::Precision::f32, train::Precision::bf16}) {
    const auto outputs = outputs_of(gradient_program(model, options, precision, cpu.target()), cpu);
    check_random(outputs, wide);
    add_gradients(fmt::format("gradient/{}/", train::name(precision)), outputs, tensors);
  }
}

// All steps in f64.
void write_steps(const Case& c, const train::Model& model, const exec::States& start,
                 Tensors& tensors) {
  exec::ReferenceExecutor reference;
  const auto program =
      wide_program(model, train::train_options(c.recipe), true, reference.target());
  exec::States states = started(program, start);
  const auto executable = reference.compile(program);
  std::vector<double> losses, norms;
  for (std::int64_t step = 1; step <= c.recipe.steps; ++step) {
    const auto [example, label] = made_batch(c, step);
    const auto outputs = run(*executable, arguments_of(example, label, c, step), states);
    losses.push_back(number(outputs.at("loss")));
    norms.push_back(number(outputs.at("gradient_norm")));
    tensors.emplace(fmt::format("batch/{}/example", step), example);
    tensors.emplace(fmt::format("batch/{}/label", step), label);
    for (const auto& [name, tensor] : outputs)
      if (name.starts_with(random_output))
        tensors.emplace(
            fmt::format("{}{}/{}", random_output, step, name.substr(random_output.size())), tensor);
  }
  tensors.emplace("loss/f64", numbers(losses));
  tensors.emplace("norm/f64", numbers(norms));
  for (const auto& state : model.training.states)
    tensors.emplace("final/" + state.name, states.get(state.name));
}

// The weights of that start: a last place up or down, at random, but for the first.
exec::States start_of(const Case& c, const ir::Program& program, int number) {
  exec::States start(program, c.recipe.seed);
  if (number == 0) return start;
  const Random random(99, static_cast<std::uint64_t>(number));
  std::uint64_t at = 0;
  for (const auto& state : program.states) {
    if (state.type.dtype != DType::f32) continue;
    Tensor weights = start.get(state.name);
    for (auto& weight : weights.span<float>())
      weight = std::nextafter(weight, random.below(2, at++) == 0 ? -HUGE_VALF : HUGE_VALF);
    start.set(state.name, weights);
  }
  return start;
}

// All steps in f32 by the CPU executor, on real examples: their losses.
Tensor real_losses(const Case& c, const train::Model& model, const exec::States& start,
                   const std::vector<data::Batch>& batches) {
  exec::CpuExecutor cpu({.threads = 1});
  const auto program =
      train::training_program(model.training, train::train_options(c.recipe), cpu.target());
  exec::States states = started(program, start);
  const auto executable = cpu.compile(program);
  std::vector<double> losses;
  for (std::int64_t step = 1; const auto& batch : batches)
    losses.push_back(number(
        run(*executable, arguments_of(batch.inputs, batch.labels, c, step++), states).at("loss")));
  return numbers(losses);
}

fs::path file_of(const fs::path& folder, const Case& c, std::string_view what) {
  return folder / fmt::format("{}{}.safetensors", c.name, what);
}

void write_weights(const Case& c, const train::Model& model, const exec::States& start,
                   const fs::path& file) {
  train::ModelFile contents;
  contents.model = c.recipe.model;
  contents.shape = shape_of(c);
  train::take_states(model.training, start, contents);
  train::save(file, contents);
}

void write_real_steps(const Case& c, const train::Model& model, const fs::path& folder,
                      Tensors& tensors) {
  const auto workload = train::load_workload(c.recipe);
  data::Loader loader(workload.splits.train, {.batch_size = c.recipe.batch});
  std::vector<data::Batch> batches;
  for (std::int64_t step = 1; step <= c.recipe.steps; ++step) {
    batches.push_back(*loader.next());
    tensors.emplace(fmt::format("batch/{}/example", step), batches.back().inputs);
    tensors.emplace(fmt::format("batch/{}/label", step), batches.back().labels);
  }
  for (int number = 0; number < c.starts; ++number) {
    const auto start = start_of(c, model.training, number);
    write_weights(c, model, start, file_of(folder, c, fmt::format(".{}.weights", number)));
    tensors.emplace(fmt::format("loss/f32/{}", number), real_losses(c, model, start, batches));
  }
}

void write(const Case& c, const fs::path& folder) {
  const train::Model model = build(c);
  data::NamedTensors contents;
  contents.metadata = {{"recipe", train::to_json(c.recipe)},
                       {"frozen", c.frozen ? "true" : "false"},
                       {"starts", std::to_string(c.starts)},
                       {"side", std::to_string(shape_of(c).height)},
                       {"vocabulary", std::to_string(shape_of(c).vocabulary)}};
  if (c.real) {
    write_real_steps(c, model, folder, contents.tensors);
  } else {
    const auto start = start_of(c, model.training, 0);
    write_weights(c, model, start, file_of(folder, c, ".0.weights"));
    write_gradients(c, model, start, contents.tensors);
    write_steps(c, model, start, contents.tensors);
  }
  data::write_safetensors(file_of(folder, c, ""), contents);
}

// The logits of the first batch, in f64, of weights that PyTorch saved.
void evaluate(const Case& c, const fs::path& folder) {
  const train::Model model = build(c);
  exec::States loaded(model.inference, 0);
  train::load_weights(file_of(folder, c, ".pytorch"), model.inference, loaded);
  exec::ReferenceExecutor reference;
  const auto program = pass::widen(model.inference);
  exec::States states = started(program, loaded);
  const auto [example, label] = made_batch(c, 1);
  auto outputs = run(*reference.compile(program), arguments_of(example, label, c, 1), states);
  data::write_safetensors(file_of(folder, c, ".logits"), {std::move(outputs), {}});
}

void write_text(const fs::path& folder) {
  const auto recipe = train::default_recipe("gpt-nano");
  const auto workload = train::load_workload(recipe);
  const auto& [training, test] = workload.splits;
  data::write_safetensors(folder / "text.safetensors",
                          {{{"train/tokens", training.inputs},
                            {"train/labels", training.labels},
                            {"test/tokens", test.inputs},
                            {"test/labels", test.labels}},
                           {{"recipe", train::to_json(recipe)},
                            {"vocabulary", std::to_string(workload.fit({}).vocabulary)}}});
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 1 && words[0] == "cases") {
    for (const auto& c : all_cases()) fmt::print("{}\n", c.name);
  } else if (words.size() == 3 && words[0] == "write") {
    write(case_named(words[1]), words[2]);
  } else if (words.size() == 3 && words[0] == "evaluate") {
    evaluate(case_named(words[1]), words[2]);
  } else if (words.size() == 2 && words[0] == "text") {
    write_text(words[1]);
  } else {
    fmt::print(stderr,
               "usage: agreement cases | write CASE FOLDER | evaluate CASE FOLDER | text FOLDER\n");
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    fmt::print(stderr, "agreement: {}\n", error.what());
    return 1;
  }
}
