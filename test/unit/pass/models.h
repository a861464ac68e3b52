#pragma once

// Small models that several tests share.

#include "ir/builder.h"

namespace gnomon::test {

// Mean negative log-likelihood of the labels: the output "loss".
inline void add_loss(ir::Builder& b, ir::Value logits, std::int64_t classes) {
  using namespace ir;
  b.label("loss");
  const Dim batch = b.type(logits).dims[0];
  const Value labels = b.input("label", {DType::i32, {batch}});
  const Value picked = b(Multiply{}, {b(LogSoftmax{}, {logits}), b(OneHot{classes}, {labels})});
  const Value total = b(Sum{2, {0, 1}}, {picked});
  b.output("loss", b(Negate{}, {b(Divide{}, {total, b(Extent{{0}}, {logits})})}));
}

inline ir::Value linear(ir::Builder& b, const std::string& name, ir::Value x, std::int64_t out) {
  using namespace ir;
  b.label(name);
  const Dim in = b.type(x).dims[1];
  const Value w = b.parameter(name + ".weight", {DType::f32, {out, in}}, {});
  const Value bias = b.parameter(name + ".bias", {DType::f32, {out}}, {});
  const Value y = b(MatMul{false, true}, {x, w});
  return b(Add{}, {y, b(Broadcast{{1}, b.type(y)}, {bias})});
}

// `depth` hidden layers of `width` units.
inline ir::Program mlp(int depth, std::int64_t width, ir::Dim batch) {
  using namespace ir;
  Builder b("mlp");
  Value x = b.input("x", {DType::f32, {batch, 12}});
  for (int i = 1; i <= depth; ++i) x = b(Relu{}, {linear(b, fmt::format("hidden{}", i), x, width)});
  const Value logits = linear(b, "head", x, 10);
  b.output("logits", logits);
  add_loss(b, logits, 10);
  return b.finish();
}

inline ir::Value convolution_block(ir::Builder& b, const std::string& name, ir::Value x,
                                   std::int64_t channels, std::int64_t kernel,
                                   std::int64_t padding) {
  using namespace ir;
  b.label(name);
  const Dim in = b.type(x).dims[1];
  const Value w = b.parameter(name + ".weight", {DType::f32, {channels, in, kernel, kernel}}, {});
  const Value bias = b.parameter(name + ".bias", {DType::f32, {channels}}, {});
  const Value y = b(Convolution{{1, 1}, {padding, padding}}, {x, w});
  const Value z = b(Relu{}, {b(Add{}, {y, b(Broadcast{{1}, b.type(y)}, {bias})})});
  return b(MaxPool{}, {z});
}

// LeCun et al., "Gradient-based learning applied to document recognition", 1998, with relu and
// maximum pooling.
inline ir::Program lenet(ir::Dim batch) {
  using namespace ir;
  Builder b("lenet");
  Value x = b.input("image", {DType::f32, {batch, 1, 28, 28}});
  x = convolution_block(b, "conv1", x, 6, 5, 2);
  x = convolution_block(b, "conv2", x, 16, 5, 0);
  x = b(Reshape{{DType::f32, {batch, 400}}}, {x});
  x = b(Relu{}, {linear(b, "fc1", x, 120)});
  x = b(Relu{}, {linear(b, "fc2", x, 84)});
  const Value logits = linear(b, "fc3", x, 10);
  b.output("logits", logits);
  add_loss(b, logits, 10);
  return b.finish();
}

}  // namespace gnomon::test
