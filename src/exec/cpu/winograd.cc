#include "exec/cpu/winograd.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exec/cpu/layouts.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"
#include "exec/cpu/winograd_loops.h"

namespace gnomon::exec::cpu {
namespace {

const WinogradLoops* loops_of_processor() {
  switch (vector_lanes()) {
    case 16:
      return &winograd_avx512;
    case 8:
      return &winograd_avx2;
    default:
      return nullptr;
  }
}

// The three values of a convolution, whichever of them is the result.
struct Values {
  Stored images, weights, outputs;  // [n, c, h, w], [o, c, 3, 3], [n, o, y, x]
};

enum class Kind { forward, input_gradient, weight_gradient };

struct Convolution {
  Kind kind;
  std::int64_t padding_above, padding_left;
};

// Of a stride of 1, and with no result from padding alone: a tile's other results would leave their
// rounding in its zeros.
std::optional<Convolution> as_convolution(const ir::Op& op) {
  const auto with = [](Kind kind, const auto& o) -> std::optional<Convolution> {
    if (o.stride != std::vector<std::int64_t>{1, 1}) return std::nullopt;
    if (o.padding[0] > 2 || o.padding[1] > 2) return std::nullopt;
    return Convolution{kind, o.padding[0], o.padding[1]};
  };
  if (const auto* o = std::get_if<ir::Convolution>(&op)) return with(Kind::forward, *o);
  if (const auto* o = std::get_if<ir::ConvolutionInputGradient>(&op))
    return with(Kind::input_gradient, *o);
  if (const auto* o = std::get_if<ir::ConvolutionWeightGradient>(&op))
    return with(Kind::weight_gradient, *o);
  return std::nullopt;
}

Values values_of(const Contraction& contraction, Kind kind, const Site& site) {
  const Stored &lhs = site.operands[contraction.lhs], &rhs = site.operands[contraction.rhs];
  const Stored& result = site.results[0];
  if (kind == Kind::input_gradient) return {result, rhs, lhs};
  if (kind == Kind::weight_gradient) return {lhs, result, rhs};
  return {lhs, rhs, result};
}

// Whether it is worth it: full vectors of channels, few results beside the tiles, and tiles
// enough to pay for transforming the weights.
bool pays(const Values& values, std::int64_t lanes) {
  const auto f32 = [](const Stored& s) { return s.type.dtype == DType::f32; };
  if (!f32(values.images) || !f32(values.weights) || !f32(values.outputs)) return false;
  const Shape weights = values.weights.shape(), outputs = values.outputs.shape();
  if (weights[2] != 3 || weights[3] != 3) return false;
  const std::int64_t out = weights[0], in = weights[1];
  if (in % lanes != 0 || out % lanes != 0 || in < 16 || out < 16) return false;
  const auto tiles_along = [](std::int64_t extent) {
    return (extent + winograd_tile - 1) / winograd_tile;
  };
  const std::int64_t tiles = tiles_along(outputs[2]) * tiles_along(outputs[3]);
  return 16 * tiles * 2 <= 3 * outputs[2] * outputs[3] && outputs[0] * tiles >= 64;
}

// The step between positions along a dimension, if it is the same everywhere.
std::optional<std::int64_t> even_step(const std::vector<std::int64_t>& offsets,
                                      std::int64_t every = 1) {
  const auto step = static_cast<std::size_t>(every);
  if (offsets.size() <= step) return 0;
  const std::int64_t first = offsets[step] - offsets[0];
  for (std::size_t i = step; i < offsets.size(); i += step)
    if (offsets[i] - offsets[i - step] != first) return std::nullopt;
  return first;
}

// nullopt unless the channels of a vector lie together.
std::optional<ImageStrides> image_strides(const Stored& stored, std::int64_t lanes) {
  const auto along = offsets(stored.shape(), stored.layout);
  for (std::size_t c = 0; c < along[1].size(); ++c)
    if (along[1][c] - along[1][c - c % static_cast<std::size_t>(lanes)] !=
        static_cast<std::int64_t>(c) % lanes)
      return std::nullopt;
  const std::array steps{even_step(along[0]), even_step(along[1], lanes), even_step(along[2]),
                         even_step(along[3])};
  if (!std::all_of(steps.begin(), steps.end(), [](const auto& s) { return s.has_value(); }))
    return std::nullopt;
  return ImageStrides{*steps[0], *steps[1], *steps[2], *steps[3]};
}

std::optional<WeightStrides> weight_strides(const Stored& stored) {
  const auto along = offsets(stored.shape(), stored.layout);
  const std::array steps{even_step(along[0]), even_step(along[1]), even_step(along[2]),
                         even_step(along[3])};
  if (!std::all_of(steps.begin(), steps.end(), [](const auto& s) { return s.has_value(); }))
    return std::nullopt;
  return WeightStrides{*steps[1], *steps[0], *steps[2], *steps[3]};
}

std::size_t floats(std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); }

// What all three share: the shape, the parts it is done in, and the workspace of each thread.
class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const WinogradLoops& loops, const WinogradShape& shape,
                 const WeightStrides& weights, int pool)
      : loops_(loops), shape_(shape), weights_(weights), pool_(pool) {}

  std::string implementation() const override {
    return fmt::format("winograd {}", loops_.lanes == 16 ? "avx512" : "avx2");
  }
  // The products and the transforms of tiles; those of weights are few.
  Flops flops(Flops) const override {
    const auto in = static_cast<double>(shape_.in_channels);
    const auto out = static_cast<double>(shape_.out_channels);
    return Flops(
        static_cast<double>(shape_.tiles()) *
        (2 * winograd_points * in * out + winograd_input_flops * in + winograd_output_flops * out));
  }

 protected:
  // f(begin, end, thread) on parts of the tiles.
  template <typename F>
  void for_tiles(const F& f) const {
    const std::int64_t bytes = shape_.tiles() * winograd_points *
                               (shape_.in_channels + shape_.out_channels) *
                               static_cast<std::int64_t>(sizeof(float));
    for_parts(shape_.tiles(), 12, bytes, f);
  }

  std::int64_t transformed_weights() const { return winograd_points * shape_.weights_plane(); }

  const WinogradLoops& loops_;
  WinogradShape shape_;
  WeightStrides weights_;
  int pool_;
};

// A convolution, or the gradient of its images: one of the gradient of its results with the weights
// turned round.
class Convolving final : public WinogradKernel {
 public:
  Convolving(const WinogradLoops& loops, const WinogradShape& shape, const WeightStrides& weights,
             const Contraction& contraction, bool turned, bool constant, int pool)
      : WinogradKernel(loops, shape, weights, pool),
        images_(contraction.lhs),
        filter_(contraction.rhs),
        bias_(contraction.bias),
        relu_(contraction.relu) {
    if (turned) {
      first_weight_ = 2 * (weights_.row + weights_.column);
      weights_.row = -weights_.row;
      weights_.column = -weights_.column;
    }
    if (constant) kept_ = Buffer(floats(transformed_weights()));
  }

  std::size_t scratch_bytes() const override {
    return floats(transformed_weights() + pool_ * shape_.workspace());
  }

  void refresh() override { fresh_ = false; }

  void run(const Memory& memory) override {
    auto* const scratch = reinterpret_cast<float*>(memory.scratch);
    const float* const bias = bias_ ? memory.operand<float>(*bias_) : nullptr;
    const bool keeps = kept_.size() != 0;
    float* const transformed = keeps ? reinterpret_cast<float*>(kept_.data()) : scratch;
    if (!keeps || !fresh_)
      transform_weights(memory.operand<float>(filter_) + first_weight_, transformed);
    fresh_ = true;
    const auto* const images = memory.operand<float>(images_);
    auto* const results = memory.result<float>(0);
    for_tiles([&](std::int64_t begin, std::int64_t end, int thread) {
      loops_.convolve(shape_, images, transformed, bias, relu_, results,
                      scratch + transformed_weights() + thread * shape_.workspace(), begin, end);
    });
  }

 private:
  void transform_weights(const float* weights, float* to) const {
    for_parts(shape_.in_channels, 1, static_cast<std::int64_t>(floats(transformed_weights())),
              [&](std::int64_t begin, std::int64_t end, int) {
                loops_.transform_weights(shape_, weights, weights_, to, begin, end);
              });
  }

  std::size_t images_, filter_;
  std::optional<std::size_t> bias_;
  bool relu_;
  std::int64_t first_weight_ = 0;
  Buffer kept_;  // transformed weights, if they are constant
  bool fresh_ = false;
};

class WeightGradient final : public WinogradKernel {
 public:
  WeightGradient(const WinogradLoops& loops, const WinogradShape& shape,
                 const WeightStrides& weights, const Contraction& contraction, int pool)
      : WinogradKernel(loops, shape, weights, pool),
        images_(contraction.lhs),
        outputs_(contraction.rhs) {}

  std::size_t scratch_bytes() const override {
    return floats(pool_ * (transformed_weights() + shape_.workspace()));
  }

  void run(const Memory& memory) override {
    auto* const sums = reinterpret_cast<float*>(memory.scratch);
    float* const workspace = sums + pool_ * transformed_weights();
    std::int64_t parts = 1;
    const auto* const images = memory.operand<float>(images_);
    const auto* const outputs = memory.operand<float>(outputs_);
    for_tiles([&](std::int64_t begin, std::int64_t end, int thread) {
      if (end == shape_.tiles()) parts = thread + 1;
      loops_.add_gradient(shape_, images, outputs, sums + thread * transformed_weights(),
                          workspace + thread * shape_.workspace(), begin, end);
    });
    auto* const gradient = memory.result<float>(0);
    for_parts(shape_.in_channels, 1, static_cast<std::int64_t>(floats(transformed_weights())),
              [&](std::int64_t begin, std::int64_t end, int) {
                loops_.finish_gradient(shape_, sums, parts, gradient, weights_, begin, end);
              });
  }

 private:
  std::size_t images_, outputs_;
};

std::optional<WinogradShape> shape_of(const Convolution& op, const Values& values,
                                      std::int64_t lanes) {
  const bool backward = op.kind == Kind::input_gradient;
  const Stored& from = backward ? values.outputs : values.images;
  const Stored& to = backward ? values.images : values.outputs;
  const auto input = image_strides(from, lanes), output = image_strides(to, lanes);
  if (!input || !output) return std::nullopt;
  const Shape f = from.shape(), t = to.shape();
  WinogradShape shape{};
  shape.in_channels = f[1], shape.out_channels = t[1];
  shape.height = f[2], shape.width = f[3];
  shape.out_height = t[2], shape.out_width = t[3];
  shape.padding_above = backward ? 2 - op.padding_above : op.padding_above;
  shape.padding_left = backward ? 2 - op.padding_left : op.padding_left;
  shape.tiles_down = (t[2] + winograd_tile - 1) / winograd_tile;
  shape.tiles_across = (t[3] + winograd_tile - 1) / winograd_tile;
  shape.images = t[0];
  shape.input = *input, shape.output = *output;
  return shape;
}

}  // namespace

std::unique_ptr<Kernel> make_winograd(const Contraction& contraction, const Site& site) {
  const auto* loops = loops_of_processor();
  const auto op = as_convolution(contraction.node.op);
  if (loops == nullptr || !op) return nullptr;
  const Values values = values_of(contraction, op->kind, site);
  if (!pays(values, loops->lanes)) return nullptr;
  const auto shape = shape_of(*op, values, loops->lanes);
  const auto weights = weight_strides(values.weights);
  if (!shape || !weights) return nullptr;
  if (op->kind == Kind::weight_gradient)
    return std::make_unique<WeightGradient>(*loops, *shape, *weights, contraction, site.pool);
  WeightStrides strides = *weights;
  const bool turned = op->kind == Kind::input_gradient;
  if (turned) std::swap(strides.in_channel, strides.out_channel);
  return std::make_unique<Convolving>(*loops, *shape, strides, contraction, turned,
                                      values.weights.constant, site.pool);
}

std::optional<machine::NodeLayouts> winograd_layouts(const Contraction& contraction,
                                                     const Site& site) {
  const auto* loops = loops_of_processor();
  const auto op = as_convolution(contraction.node.op);
  if (loops == nullptr || !op) return std::nullopt;
  const Values values = values_of(contraction, op->kind, site);
  if (!pays(values, loops->lanes)) return std::nullopt;
  const ir::Layout blocked{fmt::format("aBcd{}b", loops->lanes)};
  const auto near = [&](const Stored& stored) {
    return image_strides(stored, loops->lanes) ? stored.layout : blocked;
  };
  machine::NodeLayouts layouts{std::vector<ir::Layout>(site.operands.size()), {{}}};
  auto& lhs = layouts.operands[contraction.lhs] = near(site.operands[contraction.lhs]);
  if (op->kind == Kind::weight_gradient)
    layouts.operands[contraction.rhs] = near(site.operands[contraction.rhs]);
  else
    layouts.results[0] = lhs;
  return layouts;
}

}  // namespace gnomon::exec::cpu
