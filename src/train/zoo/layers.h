#pragma once

// Layers: the words in which the models beside this file are written. Each appends the nodes of one
// layer to the program under construction and declares its parameters by PyTorch's names
// ("conv1.weight") with PyTorch's default initial values, so that weights of a PyTorch module of
// the same structure load by name.
//
//   Layers l("lenet", Mode::inference, seed);
//   Value x = l.input("image", {DType::f32, {{"b", 128}, 1, 28, 28}});
//   x = l.relu(l.convolution("conv1", x, {.channels = 6, .kernel = 5, .padding = 2}));
//   l.output("logits", l.linear("fc", l.flatten(x), 10));
//   Program program = l.finish();

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "ir/builder.h"

namespace gnomon::train {

// What a program is built for. Training: dropout drops, batch-norm uses and follows the batch's
// statistics. Inference: dropout does nothing, batch-norm uses the statistics it followed.
//
// Two more are of language models, for a text that grows. Prefill: inference that also keeps the
// keys and values of each attention in states, its caches. Decode: inference on one more token, at
// the argument "position" (i64, counts from 0), which it puts into the caches; it sees what they
// hold up to there. Their programs share states, the caches among them.
enum class Mode { training, inference, prefill, decode };

struct ModelShape;

struct AttentionShape {
  std::int64_t heads = 1;
  std::int64_t context = 1;  // positions of the text, at most
  double dropout = 0;        // of the attention weights
};

struct ConvolutionShape {
  std::int64_t channels = 1;
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  bool bias = true;
};

class Layers {
 public:
  // `seed` is of what is random inside the program.
  Layers(std::string model, Mode mode, std::uint64_t seed)
      : build_(std::move(model)), mode_(mode), seed_(seed) {}

  // The argument "image" f32[b, channels, height, width] with a symbolic batch.
  ir::Value image(const ModelShape& shape);

  ir::Value input(std::string name, ir::Type type) {
    return build_.input(std::move(name), std::move(type));
  }
  void output(std::string name, ir::Value value) { build_.output(std::move(name), value); }
  ir::Program finish() { return build_.finish(); }
  const ir::Type& type(ir::Value value) const { return build_.type(value); }

  // x·Wᵀ + bias over the last dimension of [rows, width]. torch.nn.Linear.
  ir::Value linear(const std::string& name, ir::Value x, std::int64_t features);
  // torch.nn.Conv2d on [n, c, h, w].
  ir::Value convolution(const std::string& name, ir::Value x, const ConvolutionShape& shape);
  // Ioffe and Szegedy: "Batch normalization", ICML 2015. torch.nn.BatchNorm2d on [n, c, h, w]:
  // epsilon 1e-5, running statistics with momentum 0.1, the running variance unbiased.
  ir::Value batch_norm(const std::string& name, ir::Value x);
  // Ba, Kiros and Hinton: "Layer normalization", 2016. torch.nn.LayerNorm over the last dimension.
  ir::Value layer_norm(const std::string& name, ir::Value x);
  // Rows of a table of `rows` × `width`, drawn from N(0, deviation²), by number: i32 [...] → f32
  // [..., width].
  ir::Value embedding(const std::string& name, ir::Value numbers, std::int64_t rows,
                      std::int64_t width, double deviation);
  // The scalar product of each vector with each row of an embedding's table, as output layer:
  // [b, t, width] → [b, t, rows].
  ir::Value against_table(const std::string& embedding, ir::Value x);
  // A learned vector of `width` for each of `context` positions, added to x [b, context, width]; in
  // a decode program that of "position", to x [b, 1, width].
  ir::Value add_positions(const std::string& name, ir::Value x, std::int64_t context,
                          double deviation);

  ir::Value relu(ir::Value x) { return build_(ir::Relu{}, {x}); }
  // Hendrycks and Gimpel, "Gaussian error linear units", 2016, by tanh: torch.nn.GELU("tanh").
  ir::Value gelu(ir::Value x);
  ir::Value max_pool(ir::Value x) { return build_(ir::MaxPool{}, {x}); }
  // The mean over height and width: [n, c, h, w] → [n, c].
  ir::Value global_mean(ir::Value x);
  // Srivastava et al.: "Dropout", JMLR 2014: zero with probability `share`, else x ÷ (1 − share).
  // The numbers drawn depend on the argument "step", the seed of the program and the place.
  ir::Value dropout(ir::Value x, double share);
  ir::Value add(ir::Value x, ir::Value y) { return build_(ir::Add{}, {x, y}); }

  // Vaswani et al.: "Attention is all you need", 2017: each position of [b, t, width] looks at
  // itself and those before it, by `heads` heads; q, k, v and output projections with biases. The
  // caches of prefill and decode are the states "….key_cache" and "….value_cache", f32 [b, heads,
  // depth, context].
  ir::Value causal_attention(const std::string& name, ir::Value x, const AttentionShape& shape);

  // [n, …] → [n, width]; [b, t, width] → [b·t, width] and back, for extents that are integers.
  ir::Value flatten(ir::Value x);
  ir::Value as_rows(ir::Value x);
  ir::Value reshape(ir::Value x, ir::Dims dims);

  // For what is not here.
  ir::Builder& build() { return build_; }

 private:
  ir::Value scale(ir::Value x, double factor);
  ir::Value position();
  ir::Value mask(std::int64_t queries, std::int64_t keys);
  ir::Value cached(const std::string& name, ir::Value fresh, std::int64_t context);
  ir::Value per_channel(ir::Value vector, ir::Value like, std::int64_t axis);

  ir::Builder build_;
  Mode mode_;
  std::uint64_t seed_;
  std::int64_t streams_ = 0;  // random operators so far
  std::optional<ir::Value> step_, position_;
  std::map<std::int64_t, ir::Value> masks_;  // by the number of keys
};

}  // namespace gnomon::train
