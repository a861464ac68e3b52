#pragma once

// LeNet as a forward program and as a training step: the program that all parts of an executor meet
// in.

#include <set>
#include <string>

#include "base/random.h"
#include "ir/builder.h"
#include "pass/pipeline.h"

namespace gnomon::exec::lenet {

struct Layer {
  ir::Builder& b;

  ir::Value parameter(const std::string& name, ir::Dims dims) const {
    return b.parameter(name, {DType::f32, std::move(dims)}, {ir::Initial::Kind::uniform, 0.2});
  }

  ir::Value with_bias(const std::string& name, ir::Value x, std::int64_t axis) const {
    const auto type = b.type(x);
    const auto bias = parameter(name + ".bias", {type.dims[static_cast<std::size_t>(axis)]});
    return b(ir::Add{}, {x, b(ir::Broadcast{{axis}, type}, {bias})});
  }

  ir::Value convolution(const std::string& name, ir::Value x, std::int64_t channels,
                        std::int64_t kernel, std::int64_t padding) const {
    b.label(name);
    const auto weight = parameter(name + ".weight", {channels, b.type(x).dims[1], kernel, kernel});
    const auto y = b(ir::Convolution{{1, 1}, {padding, padding}}, {x, weight});
    return b(ir::MaxPool{}, {b(ir::Relu{}, {with_bias(name, y, 1)})});
  }

  ir::Value linear(const std::string& name, ir::Value x, std::int64_t columns) const {
    b.label(name);
    const auto weight = parameter(name + ".weight", {columns, b.type(x).dims[1]});
    return with_bias(name, b(ir::MatMul{false, true}, {x, weight}), 1);
  }
};

// Arguments: image f32[batch, 1, 28, 28], label i32[batch]. Outputs: loss, logits.
inline ir::Program forward(const ir::Dim& batch) {
  ir::Builder b("lenet");
  const Layer layer{b};
  const auto image = b.input("image", {DType::f32, {batch, 1, 28, 28}});
  const auto label = b.input("label", {DType::i32, {batch}});
  auto x = layer.convolution("conv1", image, 6, 5, 2);
  x = layer.convolution("conv2", x, 16, 5, 0);
  x = b(ir::Reshape{{DType::f32, {batch, 400}}}, {x});
  x = b(ir::Relu{}, {layer.linear("fc1", x, 120)});
  x = b(ir::Relu{}, {layer.linear("fc2", x, 84)});
  const auto logits = layer.linear("fc3", x, 10);
  b.label("loss");
  const auto hits = b(ir::Multiply{}, {b(ir::LogSoftmax{}, {logits}), b(ir::OneHot{10}, {label})});
  const auto sum = b(ir::Sum{2, {0, 1}}, {hits});
  const auto count = b(ir::Extent{{0}}, {logits});
  b.output("loss", b(ir::Negate{}, {b(ir::Divide{}, {sum, count})}));
  b.output("logits", logits);
  return b.finish();
}

inline ir::Program training(const ir::Dim& batch, DType precision, const machine::Target& target) {
  pass::PipelineOptions options;
  options.precision = precision;
  options.training = pass::Training{"loss", {pass::Sgd{0.9, 1e-4}}};
  options.after = "update";
  return pass::lower(forward(batch), target, options).program;
}

inline Tensor images(std::int64_t batch, std::uint64_t seed) {
  Tensor tensor(DType::f32, {batch, 1, 28, 28});
  const Random random(seed, "images");
  std::uint64_t i = 0;
  for (auto& x : tensor.span<float>()) x = static_cast<float>(random.uniform(i++));
  return tensor;
}

inline Tensor labels(std::int64_t batch, std::uint64_t seed) {
  Tensor tensor(DType::i32, {batch});
  const Random random(seed, "labels");
  std::uint64_t i = 0;
  for (auto& x : tensor.span<std::int32_t>()) x = static_cast<std::int32_t>(random.below(10, i++));
  return tensor;
}

}  // namespace gnomon::exec::lenet
