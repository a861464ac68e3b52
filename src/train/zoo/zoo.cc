#include "train/zoo/zoo.h"

#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::train {
namespace {

// "resnet32x2": depth 32, twice as wide.
struct ResNetSize {
  std::int64_t blocks, wider;
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

std::optional<ResNetSize> resnet_size(std::string_view name) {
  constexpr std::string_view family = "resnet";
  if (!name.starts_with(family)) return std::nullopt;
  name.remove_prefix(family.size());
  const auto times = name.find('x');
  const auto depth = number(name.substr(0, times));
  const auto wider = times == std::string_view::npos ? 1 : number(name.substr(times + 1));
  if (!depth || !wider || *depth % 6 != 2 || *depth < 8 || *depth > 1202 || *wider > 64)
    return std::nullopt;
  return ResNetSize{(*depth - 2) / 6, *wider};
}

template <std::int64_t layers, std::int64_t features, std::int64_t heads>
ir::Program sized_gpt(std::string name, const ModelShape& shape, Mode mode) {
  const auto or_else = [](std::int64_t asked, std::int64_t own) { return asked > 0 ? asked : own; };
  return gpt(std::move(name),
             {or_else(shape.layers, layers), or_else(shape.features, features),
              or_else(shape.heads, heads)},
             shape, mode);
}

ir::Program sized_resnet(std::string name, const ModelShape& shape, Mode mode) {
  const ResNetSize size = resnet_size(name).value();
  return resnet(std::move(name), size.blocks, size.wider, shape, mode);
}

struct KnownModel {
  std::string_view name;
  Family family;
  ir::Program (*build)(std::string name, const ModelShape& shape, Mode mode);
};

// The only list of models.
constexpr KnownModel known_models[] = {
    {"lenet", Family::image_classifier, lenet},
    {"mlp", Family::image_classifier, mlp},
    {"resnet20", Family::image_classifier, sized_resnet},
    {"gpt-nano", Family::language_model, sized_gpt<4, 128, 4>},
    {"gpt-mini", Family::language_model, sized_gpt<6, 384, 6>},
    {"gpt-small", Family::language_model, sized_gpt<12, 768, 12>},
};

KnownModel find_model(std::string_view name) {
  for (const auto& known : known_models)
    if (known.name == name) return known;
  if (resnet_size(name)) return {name, Family::image_classifier, sized_resnet};
  throw InputError("model {}: unknown; {}", name, suggest(name, model_names()));
}

void check(const ModelShape& shape) {
  const auto require = [](std::string_view what, std::int64_t value, std::int64_t most) {
    if (value < 1 || value > most)
      throw InputError("{} {}: must be between 1 and {}", what, value, most);
  };
  require("batch", shape.batch, 1 << 20);
  require("classes", shape.classes, 1 << 20);
  require("context", shape.context, 1 << 16);
  require("vocabulary", shape.vocabulary, 1 << 20);
  require("channels", shape.channels, 1 << 16);
  require("height", shape.height, 1 << 16);
  require("width", shape.width, 1 << 20);
  const auto require_size = [&](std::string_view what, std::int64_t value, std::int64_t most) {
    if (value != 0) require(what, value, most);
  };
  require_size("layers", shape.layers, 1000);
  require_size("features", shape.features, 1 << 16);
  require_size("heads", shape.heads, 1 << 10);
  if (!(shape.dropout >= 0 && shape.dropout < 1))
    throw InputError("dropout {}: must be at least 0 and below 1", shape.dropout);
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const auto& known : known_models) all.emplace_back(known.name);
    return all;
  }();
  return names;
}

Family family_of(std::string_view name) { return find_model(name).family; }

ir::Program build_model(std::string_view name, const ModelShape& shape, Mode mode) {
  check(shape);
  const KnownModel model = find_model(name);
  if ((mode == Mode::prefill || mode == Mode::decode) && model.family != Family::language_model)
    throw InputError("{}: is no language model: it has a program for inference, none for {}", name,
                     mode == Mode::prefill ? "prefill" : "decode");
  if (model.family == Family::language_model) return model.build(std::string(name), shape, mode);
  try {
    return model.build(std::string(name), shape, mode);
  } catch (const InputError& error) {
    throw InputError("{}: cannot be built for images of {} channels, {}×{}: {}", name,
                     shape.channels, shape.height, shape.width, error.what());
  }
}

}  // namespace gnomon::train
