#include "train/zoo.h"

#include <cmath>

#include "base/error.h"
#include "base/nearest.h"
#include "ir/builder.h"

namespace gnomon::train {
namespace {

using ir::Builder;
using ir::Program;
using ir::Value;

ir::Initial by_fan_in(std::int64_t fan_in) {
  return {ir::Initial::Kind::uniform, 1 / std::sqrt(static_cast<double>(fan_in))};
}

// x·Wᵀ + bias
Value linear(Builder& b, const std::string& name, Value x, std::int64_t features) {
  b.label(name);
  const auto width = b.type(x).dims.back().size;
  const Value weight =
      b.parameter(name + ".weight", {DType::f32, {features, width}}, by_fan_in(width));
  const Value bias = b.parameter(name + ".bias", {DType::f32, {features}}, by_fan_in(width));
  const Value product = b(ir::MatMul{false, true}, {x, weight});
  return b(ir::Add{}, {product, b(ir::Broadcast{{1}, b.type(product)}, {bias})});
}

Value convolution(Builder& b, const std::string& name, Value x, std::int64_t channels,
                  std::int64_t kernel, std::int64_t padding) {
  b.label(name);
  const auto depth = b.type(x).dims[1].size;
  const auto fan_in = depth * kernel * kernel;
  const Value weight = b.parameter(
      name + ".weight", {DType::f32, {channels, depth, kernel, kernel}}, by_fan_in(fan_in));
  const Value bias = b.parameter(name + ".bias", {DType::f32, {channels}}, by_fan_in(fan_in));
  const Value product = b(ir::Convolution{{1, 1}, {padding, padding}}, {x, weight});
  return b(ir::Add{}, {product, b(ir::Broadcast{{1}, b.type(product)}, {bias})});
}

Value flatten(Builder& b, Value x) {
  const ir::Type& type = b.type(x);
  std::int64_t width = 1;
  for (std::size_t d = 1; d < type.rank(); ++d) width *= type.dims[d].size;
  return b(ir::Reshape{{type.dtype, {type.dims[0], width}}}, {x});
}

Value image(Builder& b, std::int64_t largest_batch) {
  return b.input("image", {DType::f32, {{"b", largest_batch}, 1, 28, 28}});
}

}  // namespace

Program lenet(std::int64_t largest_batch) {
  Builder b("lenet");
  Value x = image(b, largest_batch);
  x = b(ir::Relu{}, {convolution(b, "conv1", x, 6, 5, 2)});
  x = b(ir::MaxPool{}, {x});
  x = b(ir::Relu{}, {convolution(b, "conv2", x, 16, 5, 0)});
  x = b(ir::MaxPool{}, {x});
  x = flatten(b, x);
  x = b(ir::Relu{}, {linear(b, "fc1", x, 120)});
  x = b(ir::Relu{}, {linear(b, "fc2", x, 84)});
  b.output("logits", linear(b, "fc3", x, 10));
  return b.finish();
}

Program mlp(std::int64_t largest_batch) {
  Builder b("mlp");
  Value x = flatten(b, image(b, largest_batch));
  x = b(ir::Relu{}, {linear(b, "fc1", x, 256)});
  x = b(ir::Relu{}, {linear(b, "fc2", x, 128)});
  b.output("logits", linear(b, "fc3", x, 10));
  return b.finish();
}

namespace {

struct Model {
  std::string name;
  Program (*build)(std::int64_t);
};

const std::vector<Model>& models() {
  static const std::vector<Model> list = {{"lenet", lenet}, {"mlp", mlp}};
  return list;
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& model : models()) list.push_back(model.name);
    return list;
  }();
  return names;
}

Program build_model(std::string_view name, std::int64_t largest_batch) {
  if (largest_batch < 1 || largest_batch > (1 << 20))
    throw InputError("batch {}: must be between 1 and {}", largest_batch, 1 << 20);
  for (const auto& model : models())
    if (model.name == name) return model.build(largest_batch);
  throw InputError("model {}: unknown; {}", name, suggest(name, model_names()));
}

}  // namespace gnomon::train
