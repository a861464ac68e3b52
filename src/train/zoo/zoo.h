#pragma once

// The models that Gnomon knows by name. Each is a short function in a file of its own, written in
// layers.h, from a shape to a forward Program with the output "logits", and a line of the list in
// zoo.cc:
//
//   image classifiers   "image" f32[b, c, h, w], b a symbol  →  "logits" f32[b, classes]
//   language models     "tokens" i32[b, context], b fixed    →  "logits" f32[b, context, tokens]
//
// A program built for training also takes "step" (i64, counts from 1) if something in it is random.
// A language model's program for decoding takes one token and its place instead of a whole text:
// "tokens" i32[b, 1], "position" (i64, counts from 0)  →  "logits" f32[b, 1, tokens].

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/program.h"
#include "train/zoo/layers.h"

namespace gnomon::train {

enum class Family { image_classifier, language_model };

// What a model is built for. A field that a model has no use for is not looked at.
struct ModelShape {
  std::int64_t batch = 1;  // of a language model; the largest of an image classifier
  double dropout = 0;      // of activations; 0 … 1
  std::uint64_t seed = 0;  // of what is random inside the program

  std::int64_t channels = 1, height = 28, width = 28;  // of images
  std::int64_t classes = 10;

  std::int64_t vocabulary = 96, context = 64;  // of text
  // Size of a transformer; 0 stands for what the name says.
  std::int64_t layers = 0, features = 0, heads = 0;

  bool operator==(const ModelShape&) const = default;
};

// LeNet-5 as it is trained today: 1→6 (5×5, padding 2) → ReLU → max-pool 2 → 6→16 (5×5) → ReLU →
// max-pool 2 → 400→120→84→10 (LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to
// document recognition", 1998, with ReLU and max-pooling).
ir::Program lenet(std::string name, const ModelShape& shape, Mode mode);

// width→256→128→classes with ReLU.
ir::Program mlp(std::string name, const ModelShape& shape, Mode mode);

// The residual networks for small images (He, Zhang, Ren, Sun: "Deep residual learning", CVPR 2016,
// section 4.2): three stages of `blocks` basic blocks with 16, 32 and 64 channels times `wider`; a
// 1×1 convolution with batch-norm where shapes change. Depth is 6·blocks + 2.
ir::Program resnet(std::string name, std::int64_t blocks, std::int64_t wider,
                   const ModelShape& shape, Mode mode);

// A decoder-only transformer (Radford et al.: "Language models are unsupervised multitask
// learners", 2019): pre-norm, biases, GELU by tanh, learned positions, output tied to the
// embedding.
struct GptSize {
  std::int64_t layers, features, heads;
};
ir::Program gpt(std::string name, const GptSize& size, const ModelShape& shape, Mode mode);

// Names as users write them; a model with a depth stands for its family: "resnet20" and any other
// resnetN with N = 6n + 2, "resnet20x2" twice as wide.
const std::vector<std::string>& model_names();

// Throws InputError with the nearest right name.
Family family_of(std::string_view name);

// The model of that name. Throws InputError with the nearest right name, for a shape that it cannot
// have, or for a mode of language models if it is none.
ir::Program build_model(std::string_view name, const ModelShape& shape, Mode mode);

}  // namespace gnomon::train
