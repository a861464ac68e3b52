#include "train/recipe.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json_value.h"
#include "base/nearest.h"
#include "ir/text.h"

namespace gnomon::train {
namespace {

// A record and a checkpoint's header hold it with quotes and line ends escaped, up to four times as
// long, and must be read back.
constexpr double largest_program = 16 << 20;

// Small transformers on characters, as they are trained for demonstrations.
void prefer_text(Recipe& recipe) {
  recipe.data = "brown";
  recipe.steps = 2000;
  recipe.evaluate_every = 500;
  recipe.batch = 12;
  recipe.optimiser = "adamw";
  recipe.learning_rate = 1e-3;
  recipe.beta2 = 0.99;
  recipe.weight_decay = 0.1;
  recipe.warmup = 100;
  recipe.clip_norm = 1;
}

// He et al.'s weight decay and augmentation, with a rate for few epochs.
void prefer_residual(Recipe& recipe) {
  recipe.epochs = 8;
  recipe.batch = 128;
  recipe.learning_rate = 0.1;
  recipe.weight_decay = 5e-4;
  recipe.crop = 2;
  recipe.flip = true;
}

pass::Update update_of(const Recipe& recipe) {
  static const std::vector<std::string> optimisers = {"sgd", "adamw"};
  pass::Update update;
  if (recipe.optimiser == "sgd")
    update.optimiser = pass::Sgd{recipe.momentum, recipe.weight_decay};
  else if (recipe.optimiser == "adamw")
    update.optimiser = pass::AdamW{recipe.beta1, recipe.beta2, 1e-8, recipe.weight_decay};
  else
    throw InputError("optimiser {}: unknown; {}", recipe.optimiser,
                     suggest(recipe.optimiser, optimisers));
  update.clip_norm = recipe.clip_norm;
  update.report_norm = true;
  update.average_decay = recipe.average;
  return update;
}

// Whether pixels are [n, h, w, c], as most image libraries have them. Of f32 arrays the shape does
// not say: they may be of anything.
bool has_channels_last(const Tensor& images) {
  const auto is_colours = [](std::int64_t extent) {
    return extent == 1 || extent == 3 || extent == 4;
  };
  const Shape& shape = images.shape();
  return images.dtype() == DType::u8 && shape.size() == 4 && is_colours(shape[3]) &&
         !is_colours(shape[1]);
}

Tensor with_channels_first(const Tensor& images) {
  const Shape& shape = images.shape();
  const std::int64_t pixels = shape[1] * shape[2], channels = shape[3];
  Tensor result(DType::u8, {shape[0], channels, shape[1], shape[2]});
  const auto from = images.span<std::uint8_t>();
  const auto to = result.span<std::uint8_t>();
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t p = 0; p < pixels; ++p)
        to[(n * channels + c) * pixels + p] = from[(n * pixels + p) * channels + c];
  return result;
}

// Features in a row are an image of one row, as the zoo's classifiers take them; images in one
// colour need not say so; nor need a single target. Returns what is to be noted.
std::string as_images(data::Dataset& data, const std::string& name) {
  const Shape shape = data.inputs.shape();
  if (shape.size() == 2) data.inputs = reshaped(data.inputs, {shape[0], 1, 1, shape[1]});
  if (shape.size() == 3) data.inputs = reshaped(data.inputs, {shape[0], 1, shape[1], shape[2]});
  if (is_float(data.labels.dtype()) && data.labels.shape().size() == 1)
    data.labels = reshaped(data.labels, {shape[0], 1});
  if (!has_channels_last(data.inputs)) return "";
  data.inputs = with_channels_first(data.inputs);
  return fmt::format(
      "{}: examples [n, {}, {}, {}] are read as images of {} rows and {} columns with the channels "
      "last ({}); to have it otherwise, write them as [n, channels, rows, columns]",
      without_folders(name), shape[1], shape[2], shape[3], shape[1], shape[2], shape[3]);
}

DataOptions data_options(const Recipe& recipe, const std::optional<data::Tokeniser>& tokeniser) {
  if (recipe.context < 1 || recipe.context > 1 << 16)
    throw InputError("context {}: must be between 1 and {}", recipe.context, 1 << 16);
  if (recipe.merges < 0) throw InputError("merges {}: must be at least 0", recipe.merges);
  return {recipe.context, recipe.merges, tokeniser,
          loss_named(recipe.loss) == Loss::mean_squared_error};
}

// Of a field that nothing in the recipe looks at: what it is for, and what the recipe has instead.
struct Unused {
  std::string_view whose;
  std::string instead;
};

std::optional<Unused> why_unused(const Recipe& recipe, std::string_view field) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> fields) {
    return std::find(fields.begin(), fields.end(), field) != fields.end();
  };
  const bool is_own = !recipe.program.empty();
  const bool is_classifier = !is_own && family_of(recipe.model) == Family::image_classifier;
  if (is_one_of({"layers", "features", "heads"}) && (is_own || is_classifier))
    return Unused{"the transformers that have a name", recipe.model};
  if (is_one_of({"context", "merges"}) && is_classifier) return Unused{"text", recipe.model};
  if (field == "dropout" && is_own) return Unused{"models that have a name", recipe.model};
  if (field == "label_smoothing" && recipe.loss != "cross-entropy")
    return Unused{"cross-entropy", recipe.loss};
  if (field == "epochs" && recipe.steps > 0)
    return Unused{"runs by epochs", fmt::format("one of {} steps", recipe.steps)};
  if (field == "momentum" && recipe.optimiser != "sgd") return Unused{"sgd", recipe.optimiser};
  if (is_one_of({"beta1", "beta2"}) && recipe.optimiser != "adamw")
    return Unused{"adamw", recipe.optimiser};
  return std::nullopt;
}

}  // namespace

bool is_program_file(const std::string& model) {
  return std::filesystem::path(model).extension() == ".gir";
}

Recipe default_recipe(const std::string& model) {
  Recipe recipe;
  recipe.model = model;
  if (is_program_file(model)) {
    recipe.program = read_file(model, Bytes(largest_program));
    ir::parse(recipe.program, model);
  } else if (family_of(model) == Family::language_model) {
    prefer_text(recipe);
  } else if (model.starts_with("resnet")) {
    prefer_residual(recipe);
  }
  return recipe;
}

void check_used(const Recipe& recipe, const Recipe& defaults) {
  for (const auto& field : differences(defaults, recipe))
    if (const auto unused = why_unused(recipe, field))
      throw InputError("{}: is for {}, not for {}; leave it out", field, unused->whose,
                       unused->instead);
}

TrainOptions train_options(const Recipe& recipe) {
  TrainOptions options;
  options.epochs = recipe.epochs;
  options.steps = recipe.steps;
  options.evaluate_every = recipe.evaluate_every;
  options.batch = recipe.batch;
  options.microbatch = recipe.microbatch;
  options.learning_rate = recipe.learning_rate;
  options.schedule = schedule_named(recipe.schedule);
  options.warmup = recipe.warmup;
  options.update = update_of(recipe);
  options.loss = loss_named(recipe.loss);
  options.label_smoothing = recipe.label_smoothing;
  options.augmentation = {recipe.crop, recipe.flip};
  options.precision = precision_named(recipe.precision);
  options.seed = recipe.seed;
  return options;
}

Workload load_workload(const Recipe& recipe) {
  Workload workload = load_workload(recipe.data, data_options(recipe, std::nullopt));
  if (!workload.tokeniser && recipe.program.empty())
    for (auto* part : {&workload.splits.train, &workload.splits.test})
      workload.note = as_images(*part, recipe.data);
  if (recipe.examples < 0) throw InputError("examples {}: must be at least 0", recipe.examples);
  if (const std::int64_t all = workload.splits.train.size(); recipe.examples > all)
    workload.note +=
        fmt::format("{}examples {}: {} has {} to train on, all of which are taken",
                    workload.note.empty() ? "" : "; ", recipe.examples, recipe.data, all);
  if (recipe.examples > 0)
    workload.splits.train = data::first(workload.splits.train, recipe.examples);
  return workload;
}

Judged load_judged(const Recipe& recipe, const std::string& hash,
                   const std::optional<data::Tokeniser>& tokeniser) {
  Judged judged =
      load_judged(recipe.data, data_options(recipe, tokeniser), {hash, recipe.examples});
  if (!tokeniser && recipe.program.empty()) judged.note = as_images(judged.examples, recipe.data);
  return judged;
}

ModelShape shape_of(const Recipe& recipe) {
  ModelShape shape;
  shape.batch = train_options(recipe).at_once();
  shape.dropout = recipe.dropout;
  shape.seed = recipe.seed;
  shape.context = recipe.context;
  shape.layers = recipe.layers;
  shape.features = recipe.features;
  shape.heads = recipe.heads;
  return shape;
}

ModelShape shape_of(const Recipe& recipe, const Workload& workload) {
  return workload.fit(shape_of(recipe));
}

Model build_model(const Recipe& recipe, const Workload& workload) {
  if (!recipe.program.empty()) {
    const ir::Program program = ir::parse(recipe.program, recipe.model);
    return {program, program};
  }
  const bool text = family_of(recipe.model) == Family::language_model;
  if (text != workload.tokeniser.has_value())
    throw InputError("{}: takes {}, but {} is {}", recipe.model, text ? "text" : "images",
                     recipe.data, text ? "none" : "text");
  return model_named(recipe.model, shape_of(recipe, workload));
}

std::string to_json(const Recipe& recipe) {
  nlohmann::ordered_json json{{"model", recipe.model}};
  if (!recipe.program.empty()) json["program"] = recipe.program;
  for_each_recipe_field([&](const auto& field) { json[field.name] = recipe.*field.member; });
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Recipe recipe_from_json(std::string_view text, std::string_view origin) {
  try {
    auto json = nlohmann::json::parse(text);
    Recipe recipe;
    const auto take = [&](const char* name, auto& value) {
      value = value_as<std::decay_t<decltype(value)>>(json.at(name));
      json.erase(name);
    };
    take("model", recipe.model);
    if (json.contains("program")) take("program", recipe.program);
    for_each_recipe_field([&](const auto& field) {
      if (json.contains(field.name)) take(field.name, recipe.*field.member);
    });
    if (!json.empty())
      throw InputError("{}: holds {}, which this version does not know", origin,
                       json.begin().key());
    return recipe;
  } catch (const nlohmann::json::exception& error) {
    throw InputError("{}: holds no recipe: {}", origin, error.what());
  } catch (const std::domain_error& error) {
    throw InputError("{}: holds no recipe: {}", origin, error.what());
  }
}

std::vector<std::string> differences(const Recipe& one, const Recipe& other) {
  std::vector<std::string> names;
  if (one.model != other.model) names.emplace_back("model");
  if (one.program != other.program) names.emplace_back("program");
  for_each_recipe_field([&](const auto& field) {
    if (one.*field.member != other.*field.member) names.emplace_back(field.name);
  });
  return names;
}

}  // namespace gnomon::train
