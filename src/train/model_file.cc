#include "train/model_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_value.h"
#include "base/nearest.h"
#include "data/safetensors.h"
#include "data/utf8.h"
#include "ir/text.h"

namespace gnomon::train {
namespace {

constexpr const char *model_key = "gnomon.model", *shape_key = "gnomon.shape",
                     *program_key = "gnomon.program", *tokeniser_key = "gnomon.tokeniser",
                     *classes_key = "gnomon.classes", *normalisation_key = "gnomon.normalisation";

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

ModelShape shape_of(const std::string& text, std::string_view origin) {
  ModelShape shape;
  try {
    const auto json = nlohmann::json::parse(text);
    for_each_field(shape, [&](const char* name, std::int64_t& value) {
      value = value_as<std::int64_t>(json.at(name));
    });
  } catch (const nlohmann::json::exception& error) {
    throw InputError("{}: the model's shape cannot be read: {}", origin, error.what());
  } catch (const std::domain_error& error) {
    throw InputError("{}: the model's shape cannot be read: {}", origin, error.what());
  }
  return shape;
}

// An entry of the metadata that is JSON.
template <typename T>
T value_of(const std::string& text, const char* key, std::string_view origin) {
  try {
    return nlohmann::json::parse(text).get<T>();
  } catch (const nlohmann::json::exception& error) {
    throw InputError("{}: {} cannot be read: {}", origin, key, error.what());
  }
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
  if (!file.classes.empty() && std::all_of(file.classes.begin(), file.classes.end(), data::is_utf8))
    metadata[classes_key] = nlohmann::json(file.classes).dump();
  if (file.normalisation)
    metadata[normalisation_key] =
        nlohmann::json{file.normalisation->mean, file.normalisation->deviation}.dump();
  data::write_safetensors(path, {file.states, std::move(metadata)});
}

ModelFile model_of(data::NamedTensors contents, std::string_view origin) {
  const auto model = taken(contents.metadata, model_key);
  if (!model)
    throw InputError("{}: holds tensors but no model; make one with `gnomon train MODEL --out {}`",
                     origin, origin);
  ModelFile file;
  file.model = *model;
  if (const auto text = taken(contents.metadata, program_key))
    file.program = ir::parse(*text, origin);
  if (const auto text = taken(contents.metadata, shape_key)) file.shape = shape_of(*text, origin);
  if (const auto text = taken(contents.metadata, tokeniser_key))
    file.tokeniser = data::Tokeniser::from_json(*text, origin);
  if (const auto text = taken(contents.metadata, classes_key))
    file.classes = value_of<std::vector<std::string>>(*text, classes_key, origin);
  if (const auto text = taken(contents.metadata, normalisation_key)) {
    const auto [mean, deviation] =
        value_of<std::array<double, 2>>(*text, normalisation_key, origin);
    if (!(deviation > 0))
      throw InputError("{}: {} has the deviation {}; it must be above 0", origin, normalisation_key,
                       deviation);
    file.normalisation = {mean, deviation};
  }
  file.states = std::move(contents.tensors);
  file.metadata = std::move(contents.metadata);
  return file;
}

ModelFile load(const std::filesystem::path& path) {
  return model_of(data::read_safetensors(path), path.string());
}

exec::States restore(const ModelFile& file, const ir::Program& program) {
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
  }
  exec::States states(program, 0);
  for (const auto& state : program.states) states.set(state.name, file.states.at(state.name));
  return states;
}

data::Dataset as_trained(const ModelFile& file, data::Dataset data, std::string_view origin) {
  if (file.normalisation) data.normalisation = *file.normalisation;
  if (file.classes.empty() || data.classes.empty() || data.classes == file.classes) return data;
  const auto number_of = [&](const std::string& name) -> std::int32_t {
    const auto found = std::find(file.classes.begin(), file.classes.end(), name);
    if (found != file.classes.end()) return static_cast<std::int32_t>(found - file.classes.begin());
    std::int32_t number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size() || number < 0 ||
        number >= static_cast<std::int32_t>(file.classes.size()))
      throw InputError("{}: the model {} does not know the class {}; {}", origin, file.model, name,
                       suggest(name, file.classes));
    return number;
  };
  std::map<std::int32_t, std::int32_t> numbers;  // of the classes that occur
  Tensor labels = convert(data.labels, DType::i32);
  for (auto& label : labels.span<std::int32_t>()) {
    auto known = numbers.find(label);
    if (known == numbers.end())
      known =
          numbers.emplace(label, number_of(data.classes.at(static_cast<std::size_t>(label)))).first;
    label = known->second;
  }
  data.labels = std::move(labels);
  data.classes = file.classes;
  return data;
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
