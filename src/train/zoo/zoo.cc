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

std::optional<GptSize> gpt_size(std::string_view name) {
  if (name == "gpt-nano") return GptSize{4, 128, 4};
  if (name == "gpt-mini") return GptSize{6, 384, 6};
  if (name == "gpt-small") return GptSize{12, 768, 12};
  return std::nullopt;
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
  static const std::vector<std::string> names = {"lenet",    "mlp",      "resnet20",
                                                 "gpt-nano", "gpt-mini", "gpt-small"};
  return names;
}

Family family_of(std::string_view name) {
  if (gpt_size(name)) return Family::language_model;
  if (name == "lenet" || name == "mlp" || resnet_size(name)) return Family::image_classifier;
  throw InputError("model {}: unknown; {}", name, suggest(name, model_names()));
}

ir::Program build_model(std::string_view name, const ModelShape& shape, Mode mode) {
  check(shape);
  if (name == "lenet") return lenet(shape, mode);
  if (name == "mlp") return mlp(shape, mode);
  if (const auto size = resnet_size(name))
    return resnet(std::string(name), size->blocks, size->wider, shape, mode);
  if (auto size = gpt_size(name)) {
    if (shape.layers > 0) size->layers = shape.layers;
    if (shape.features > 0) size->features = shape.features;
    if (shape.heads > 0) size->heads = shape.heads;
    return gpt(std::string(name), *size, shape, mode);
  }
  throw InputError("model {}: unknown; {}", name, suggest(name, model_names()));
}

}  // namespace gnomon::train
