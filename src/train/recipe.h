#pragma once

// A recipe: all that determines what a training run computes, as plain values with names, so that it
// can be given on a command line, kept in a file, compared, and repeated. With the same program, data,
// executor and number of threads, one recipe is one sequence of bits.

#include <cstdint>
#include <string>
#include <string_view>
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

// Calls f(name, field, what it means) for every field but model and program, in the order of the
// struct.
template <typename R, typename F>
void for_each_field(R& r, F&& f) {
  f("data", r.data,
    "Data: fashion-mnist, brown; x.npy,y.npy; arrays.npz; table.csv; book.txt; a folder of images");
  f("examples", r.examples, "Train on the first N examples only; 0: on all");
  f("context", r.context, "Tokens that a language model sees at once");
  f("merges", r.merges, "Byte pairs learned from the text as tokens; 0: characters are tokens");
  f("layers", r.layers, "Blocks of a transformer; 0: as the model's name says");
  f("features", r.features, "Width of a transformer; 0: as the model's name says");
  f("heads", r.heads, "Attention heads of a transformer; 0: as the model's name says");
  f("dropout", r.dropout, "Share of activations dropped in training");
  f("epochs", r.epochs, "Passes over the training examples");
  f("steps", r.steps, "End after N steps instead of epochs; 0: epochs count");
  f("evaluate_every", r.evaluate_every, "Steps between evaluations; 0: after each epoch");
  f("batch", r.batch, "Examples per step");
  f("loss", r.loss, "cross-entropy or mean-squared-error");
  f("label_smoothing", r.label_smoothing, "Share of the label spread over all classes");
  f("crop", r.crop, "Augmentation: shift images by up to N pixels");
  f("flip", r.flip, "Augmentation: mirror images left to right, every other time");
  f("optimiser", r.optimiser, "sgd or adamw");
  f("learning_rate", r.learning_rate, "The highest rate of the schedule");
  f("schedule", r.schedule, "Learning rate over the steps: constant, step, cosine");
  f("warmup", r.warmup, "Steps over which the learning rate rises from 0");
  f("momentum", r.momentum, "Of sgd");
  f("beta1", r.beta1, "Of adamw: decay of the gradient's mean");
  f("beta2", r.beta2, "Of adamw: decay of the gradient's square");
  f("weight_decay", r.weight_decay, "L2 of sgd, decoupled of adamw");
  f("clip_norm", r.clip_norm, "Shorten gradients to this norm over all parameters; 0: do not");
  f("average", r.average, "Evaluate and save averaged parameters, of this decay; 0: the last");
  f("precision", r.precision, "f32, or bf16 with f32 master weights");
  f("seed", r.seed, "Of initial weights, data order and whatever else is random");
}

// What is trained where nothing else is asked: language models on the Brown corpus with AdamW, others
// on Fashion-MNIST with SGD. A .gir file is read. Throws InputError for an unknown model, with the
// nearest right name, and for a file that cannot be read or parsed.
Recipe default_recipe(const std::string& model);

// What `Trainer` takes. Throws InputError for unknown names and impossible values.
TrainOptions train_options(const Recipe& recipe);

// Loads the data and fits it to the model; text as tokens of `tokeniser` if there is one, otherwise of
// one made from it. Throws as load_workload.
Workload load_workload(const Recipe& recipe,
                       const std::optional<data::Tokeniser>& tokeniser = std::nullopt);

// The model's shape and programs for that data. Throws InputError if they do not fit each other.
ModelShape shape_of(const Recipe& recipe, const Workload& workload);
Model build_model(const Recipe& recipe, const Workload& workload);

// A JSON object; `recipe_from_json` throws InputError, opening with `origin`, for a text that is none
// or has fields missing, unknown or of another type.
std::string to_json(const Recipe& recipe);
Recipe recipe_from_json(std::string_view text, std::string_view origin);

// Names of the fields in which the two differ, in order.
std::vector<std::string> differences(const Recipe& one, const Recipe& other);

}  // namespace gnomon::train
