#pragma once

// A recipe: what is asked of a training run, as plain values with names, so that it can be given on
// a command line, kept in a file, compared, and repeated. With the same contents of the data, the
// same weights to start from, executor, number of threads and family of processors, one recipe is
// one sequence of bits.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "train/trainer.h"
#include "train/workload.h"

namespace gnomon::train {

struct Recipe {
  std::string model;    // a name of the zoo, or a file that ends in .gir
  std::string program;  // the text of that file
  std::string data = "fashion-mnist";
  std::int64_t examples = 0;
  std::int64_t context = 64;
  std::int64_t merges = 0;

  std::int64_t layers = 0, features = 0, heads = 0;
  double dropout = 0;

  std::int64_t epochs = 6;
  std::int64_t steps = 0;
  std::int64_t evaluate_every = 0;
  std::int64_t batch = 64;
  std::int64_t microbatch = 0;
  std::string loss = "cross-entropy";
  double label_smoothing = 0;
  std::int64_t crop = 0;
  bool flip = false;

  std::string optimiser = "sgd";
  double learning_rate = 0.05;
  std::string schedule = "cosine";
  std::int64_t warmup = 0;
  double momentum = 0.9;
  double beta1 = 0.9, beta2 = 0.999;
  double weight_decay = 0;
  double clip_norm = 0;
  double average = 0;

  std::string precision = "f32";
  std::uint64_t seed = 0;

  bool operator==(const Recipe&) const = default;
};

// One of a recipe's fields: its name, and what it means to who sets it.
template <typename T>
struct RecipeField {
  const char* name;
  T Recipe::*member;
  const char* meaning;
};

template <typename T>
RecipeField(const char*, T Recipe::*, const char*) -> RecipeField<T>;

// Every field but model and program, in the order of the struct.
inline constexpr auto recipe_fields = std::tuple{
    RecipeField{"data", &Recipe::data, "What to train on: a name, or files (train/workload.h)"},
    RecipeField{"examples", &Recipe::examples, "Train on the first N examples only; 0: on all"},
    RecipeField{"context", &Recipe::context, "Tokens that a language model sees at once"},
    RecipeField{"merges", &Recipe::merges,
                "Byte pairs learned from the text as tokens; 0: characters are tokens"},
    RecipeField{"layers", &Recipe::layers, "Blocks of a transformer; 0: as the model's name says"},
    RecipeField{"features", &Recipe::features,
                "Width of a transformer; 0: as the model's name says"},
    RecipeField{"heads", &Recipe::heads,
                "Attention heads of a transformer; 0: as the model's name says"},
    RecipeField{"dropout", &Recipe::dropout, "Share of activations dropped in training"},
    RecipeField{"epochs", &Recipe::epochs, "Passes over the training examples"},
    RecipeField{"steps", &Recipe::steps, "End after N steps instead of epochs; 0: epochs count"},
    RecipeField{"evaluate_every", &Recipe::evaluate_every,
                "Steps between evaluations; 0: after each epoch"},
    RecipeField{"batch", &Recipe::batch, "Examples per step"},
    RecipeField{
        "microbatch", &Recipe::microbatch,
        "Examples computed at once, a divisor of the batch; gradients are added up. 0: all"},
    RecipeField{"loss", &Recipe::loss, "cross-entropy or mean-squared-error"},
    RecipeField{"label_smoothing", &Recipe::label_smoothing,
                "Share of the label spread over all classes"},
    RecipeField{"crop", &Recipe::crop, "Augmentation: shift images by up to N pixels"},
    RecipeField{"flip", &Recipe::flip,
                "Augmentation: mirror images left to right, every other time"},
    RecipeField{"optimiser", &Recipe::optimiser, "sgd or adamw"},
    RecipeField{"learning_rate", &Recipe::learning_rate, "The highest rate of the schedule"},
    RecipeField{"schedule", &Recipe::schedule,
                "Learning rate over the steps: constant, step, cosine"},
    RecipeField{"warmup", &Recipe::warmup, "Steps over which the learning rate rises from 0"},
    RecipeField{"momentum", &Recipe::momentum, "Of sgd"},
    RecipeField{"beta1", &Recipe::beta1, "Of adamw: decay of the gradient's mean"},
    RecipeField{"beta2", &Recipe::beta2, "Of adamw: decay of the gradient's square"},
    RecipeField{"weight_decay", &Recipe::weight_decay, "L2 of sgd, decoupled of adamw"},
    RecipeField{"clip_norm", &Recipe::clip_norm,
                "Shorten gradients to this norm over all parameters; 0: do not"},
    RecipeField{"average", &Recipe::average,
                "Evaluate and save averaged parameters, of this decay; 0: the last"},
    RecipeField{"precision", &Recipe::precision, "f32, or bf16 with f32 master weights"},
    RecipeField{"seed", &Recipe::seed,
                "Of initial weights, data order and whatever else is random"}};

template <typename F>
void for_each_recipe_field(F&& f) {
  std::apply([&](const auto&... field) { (f(field), ...); }, recipe_fields);
}

// Whether a model is named by a file that holds its program.
bool is_program_file(const std::string& model);

// What is trained where nothing else is asked: language models on the Brown corpus with AdamW,
// others on Fashion-MNIST with SGD. A .gir file is read. Throws InputError for an unknown model,
// with the nearest right name, and for a file that cannot be read or parsed.
Recipe default_recipe(const std::string& model);

// Throws InputError if the recipe sets, otherwise than `defaults`, a field that nothing in it looks
// at: heads of a network for images, momentum of AdamW.
void check_used(const Recipe& recipe, const Recipe& defaults);

// What `Trainer` takes. Throws InputError for unknown names and impossible values.
TrainOptions train_options(const Recipe& recipe);

// Loads the data and fits it to the model. Throws as load_workload.
Workload load_workload(const Recipe& recipe);

// What to judge a model on that was trained by `recipe`, its data perhaps replaced by others, on
// examples of this hash; text as tokens of `tokeniser`. Throws as load_workload.
Judged load_judged(const Recipe& recipe, const std::string& hash,
                   const std::optional<data::Tokeniser>& tokeniser);

// The model's shape, as far as the recipe says it.
ModelShape shape_of(const Recipe& recipe);

// The same with what the data say: sizes, classes, vocabulary. Throws InputError if model and data
// do not fit each other.
ModelShape shape_of(const Recipe& recipe, const Workload& workload);

// The programs of that shape.
Model build_model(const Recipe& recipe, const Workload& workload);

// A JSON object; `recipe_from_json` throws InputError, opening with `origin`, for a text that is
// none, names no model, or has fields unknown or of another type. A field that is missing was not
// there yet when it was written, and has its default.
std::string to_json(const Recipe& recipe);
Recipe recipe_from_json(std::string_view text, std::string_view origin);

// Names of the fields in which the two differ, in order.
std::vector<std::string> differences(const Recipe& one, const Recipe& other);

}  // namespace gnomon::train
