#pragma once

// A trained model on disk: one safetensors file with every parameter and statistic by name, and in its metadata what it is and how it came
// about, so that it can be evaluated, and its training repeated, from the file alone.

#include <filesystem>
#include <map>
#include <string>

#include "exec/states.h"
#include "ir/program.h"

namespace gnomon::train {

struct ModelFile {
  std::string model;                            // a name of the zoo
  std::map<std::string, Tensor> states;         // parameters and statistics
  std::map<std::string, std::string> metadata;  // precision, epochs, seed, data hash, …
};

// The states of `program` that are no optimiser's.
ModelFile model_file(std::string model, const ir::Program& program, const exec::States& states);

void save(const std::filesystem::path& path, const ModelFile& file);

// Throws InputError naming the file if it is absent, damaged, or holds no model of Gnomon's.
ModelFile load(const std::filesystem::path& path);

// Sets the states of `program` from the file. Throws InputError naming the first state that the file lacks or holds in
// another shape.
void restore(const ModelFile& file, const ir::Program& program, exec::States& states);

}  // namespace gnomon::train
