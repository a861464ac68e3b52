#include "train/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/nearest.h"
#include "data/safetensors.h"
#include "ir/text.h"

namespace gnomon::train {
namespace {

constexpr const char *model_key = "gnomon.model", *shape_key = "gnomon.shape",
                     *program_key = "gnomon.program", *tokeniser_key = "gnomon.tokeniser";

// The fields of a shape that outlive training, by name.
template <typename Shape, typename F>
void for_each_field(Shape& shape, F&& f) {
  f("channels", shape.channels);
  f("height", shape.height);
  f("width", shape.width);
  f("classes", shape.classes);
  f("vocabulary", shape.vocabulary);
  f("context", shape.context);
  f("layers", shape.layers);
  f("features", shape.features);
  f("heads", shape.heads);
}

std::string to_text(const ModelShape& shape) {
  nlohmann::json json;
  for_each_field(shape, [&](const char* name, const std::int64_t& value) { json[name] = value; });
  return json.dump();
}

ModelShape shape_of(const std::string& text, const std::filesystem::path& path) {
  ModelShape shape;
  try {
    const auto json = nlohmann::json::parse(text);
    for_each_field(shape, [&](const char* name, std::int64_t& value) {
      value = json.at(name).get<std::int64_t>();
    });
  } catch (const nlohmann::json::exception& error) {
    throw InputError("{}: the model's shape cannot be read: {}", path.string(), error.what());
  }
  return shape;
}

// Removes an entry of the metadata and returns it.
std::optional<std::string> taken(std::map<std::string, std::string>& metadata, const char* key) {
  const auto found = metadata.extract(key);
  if (found.empty()) return std::nullopt;
  return found.mapped();
}

}  // namespace

Model ModelFile::build(std::int64_t batch) const {
  if (program) return {*program, *program};
  ModelShape with_batch = shape;
  with_batch.batch = batch;
  return model_named(model, with_batch);
}

void take_states(const ir::Program& program, const exec::States& states, ModelFile& file) {
  for (const auto& state : program.states)
    if (state.role != ir::Role::moment) file.states.emplace(state.name, states.get(state.name));
}

void save(const std::filesystem::path& path, const ModelFile& file) {
  auto metadata = file.metadata;
  metadata[model_key] = file.model;
  if (file.program)
    metadata[program_key] = ir::print(*file.program);
  else
    metadata[shape_key] = to_text(file.shape);
  if (file.tokeniser) metadata[tokeniser_key] = file.tokeniser->to_json();
  data::write_safetensors(path, {file.states, std::move(metadata)});
}

ModelFile load(const std::filesystem::path& path) {
  auto contents = data::read_safetensors(path);
  const auto model = taken(contents.metadata, model_key);
  if (!model)
    throw InputError("{}: holds tensors but no model; make one with `gnomon train MODEL --out {}`",
                     path.string(), path.string());
  ModelFile file;
  file.model = *model;
  if (const auto text = taken(contents.metadata, program_key))
    file.program = ir::parse(*text, path.string());
  if (const auto text = taken(contents.metadata, shape_key)) file.shape = shape_of(*text, path);
  if (const auto text = taken(contents.metadata, tokeniser_key))
    file.tokeniser = data::Tokeniser::from_json(*text, path.string());
  file.states = std::move(contents.tensors);
  file.metadata = std::move(contents.metadata);
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

void load_weights(const std::filesystem::path& path, const ir::Program& program,
                  exec::States& states) {
  const auto given = data::read_safetensors(path).tensors;
  const std::string file = path.string();
  std::vector<std::string> known, unused;
  for (const auto& state : program.states)
    if (state.role != ir::Role::moment) known.push_back(state.name);
  for (const auto& entry : given)
    if (std::find(known.begin(), known.end(), entry.first) == known.end() &&
        !entry.first.ends_with(".num_batches_tracked"))
      unused.push_back(entry.first);
  std::map<std::string, Tensor> fitting;
  for (const auto& state : program.states) {
    if (state.role == ir::Role::moment) continue;
    const auto found = given.find(state.name);
    if (found == given.end()) {
      if (state.role == ir::Role::statistic) continue;
      throw InputError(
          "{}: has no {}, a parameter of {}; {}", file, state.name, program.name,
          unused.empty() ? "every name it has is one of the model's" : suggest(state.name, unused));
    }
    const Tensor& tensor = found->second;
    if (!is_float(tensor.dtype()) || tensor.shape() != ir::bound_shape(state.type.dims))
      throw InputError("{}: {} is {}{}, expected {}", file, state.name,
                       gnomon::name(tensor.dtype()), gnomon::to_string(tensor.shape()),
                       ir::to_string(state.type));
    fitting.emplace(state.name, convert(tensor, state.type.dtype));
  }
  if (!unused.empty())
    throw InputError("{}: holds {}, which {} has no use for; {}", file, unused[0], program.name,
                     suggest(unused[0], known));
  for (const auto& [name, value] : fitting) states.set(name, value);
}

}  // namespace gnomon::train
