#include "train/model_file.h"

#include "base/error.h"
#include "data/safetensors.h"

namespace gnomon::train {
namespace {

constexpr std::string_view model_key = "gnomon.model";

}  // namespace

ModelFile model_file(std::string model, const ir::Program& program, const exec::States& states) {
  ModelFile file;
  file.model = std::move(model);
  for (const auto& state : program.states)
    if (state.role != ir::Role::moment) file.states.emplace(state.name, states.get(state.name));
  return file;
}

void save(const std::filesystem::path& path, const ModelFile& file) {
  auto metadata = file.metadata;
  metadata[std::string(model_key)] = file.model;
  data::write_safetensors(path, {file.states, std::move(metadata)});
}

ModelFile load(const std::filesystem::path& path) {
  auto contents = data::read_safetensors(path);
  const auto model = contents.metadata.find(std::string(model_key));
  if (model == contents.metadata.end())
    throw InputError("{}: holds tensors but no model; make one with `gnomon train MODEL --out {}`",
                     path.string(), path.string());
  ModelFile file{model->second, std::move(contents.tensors), std::move(contents.metadata)};
  file.metadata.erase(std::string(model_key));
  return file;
}

void restore(const ModelFile& file, const ir::Program& program, exec::States& states) {
  for (const auto& state : program.states) {
    const auto found = file.states.find(state.name);
    if (found == file.states.end())
      throw InputError("model {}: the file has no {}; it was made by another version of the model",
                       file.model, state.name);
    const Tensor& tensor = found->second;
    if (tensor.dtype() != state.type.dtype || tensor.shape() != ir::bound_shape(state.type.dims))
      throw InputError("model {}: {} is {}{} in the file, expected {}", file.model, state.name,
                       gnomon::name(tensor.dtype()), gnomon::to_string(tensor.shape()),
                       ir::to_string(state.type));
    states.set(state.name, tensor);
  }
}

}  // namespace gnomon::train
