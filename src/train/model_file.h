#pragma once

// A trained model on disk: one safetensors file with every parameter and statistic by name, and in
// its metadata what it is and how it came about, so that it can be evaluated, generated from, and
// its training repeated, from the file alone.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/safetensors.h"
#include "data/tokeniser.h"
#include "exec/states.h"
#include "ir/program.h"
#include "train/trainer.h"
#include "train/zoo/zoo.h"

namespace gnomon::train {

struct ModelFile {
  std::string model;                                 // a name of the zoo, or that of `program`
  ModelShape shape;                                  // of a model of the zoo
  std::optional<ir::Program> program;                // a model that is not of the zoo
  std::optional<data::Tokeniser> tokeniser;          // of a language model
  std::vector<std::string> classes;                  // names of the classes, if the data had any
  std::optional<data::Normalisation> normalisation;  // of u8 images
  std::map<std::string, Tensor> states;              // parameters and statistics
  std::map<std::string, std::string> metadata;       // precision, epochs, seed, data hash, …

  // The model for batches of up to `batch`.
  Model build(std::int64_t batch) const;
};

// Takes the states of `program` that are no optimiser's.
void take_states(const ir::Program& program, const exec::States& states, ModelFile& file);

void save(const std::filesystem::path& path, const ModelFile& file);

// Throws InputError naming the file if it is absent, damaged, or holds no model of Gnomon's.
ModelFile load(const std::filesystem::path& path);

// The same of a file's contents; `origin` is for messages.
ModelFile model_of(data::NamedTensors contents, std::string_view origin);

// The states of `program`, from the file. Throws InputError naming the first state that the file
// lacks or holds in another shape, before any memory is taken.
exec::States restore(const ModelFile& file, const ir::Program& program);

// Data as the model was given them in training: u8 images normalised alike, classes numbered alike,
// by their names or, where the data know only numbers, by those. Throws InputError for examples of
// a class that the model does not know, with the nearest name; `origin` names the data.
data::Dataset as_trained(const ModelFile& file, data::Dataset data, std::string_view origin);

// Sets the parameters of `program`, and those statistics that the file has, from any safetensors
// file that holds them by name: a model of ours, or what a PyTorch module of the same structure
// saved. Other floating-point types are converted. Throws InputError naming the file and what does
// not fit: a parameter that it lacks, a tensor that the program has no use for (the counters
// "num_batches_tracked" of PyTorch's batch-norm apart), with the nearest name, or another shape.
// Nothing is set then.
void load_weights(const std::filesystem::path& path, const ir::Program& program,
                  exec::States& states);

}  // namespace gnomon::train
