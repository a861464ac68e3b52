#include "exec/cpu/winograd.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exec/cpu/arranged.h"
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

enum class Kind { input_gradient, weight_gradient };

// A contraction that the loops can do.
struct Problem {
  const WinogradLoops& loops;
  Kind kind;
  std::int64_t padding_above, padding_left;  // of the forward convolution
  // [n, channels, h, w], from which tiles are read and of which they are: the gradients of the
  // results and of the images, or the images and the gradients of the results.
  Stored from, to;
  Stored weights;  // [o, c, 3, 3]
};

std::int64_t tiles_along(std::int64_t extent) {
  return (extent + winograd_tile - 1) / winograd_tile;
}

// Whether it is worth it: full vectors of channels, and few results beside the tiles. More channels
// were not measured, and their sums would take over 10 MB a thread.
bool pays(const Problem& problem) {
  const Shape from = problem.from.shape(), to = problem.to.shape();
  const auto fills = [&](std::int64_t channels) {
    return channels % problem.loops.lanes == 0 && channels >= 16 && channels <= 256;
  };
  return fills(from[1]) && fills(to[1]) &&
         winograd_tile * tiles_along(to[2]) * winograd_tile * tiles_along(to[3]) * 2 <=
             3 * to[2] * to[3];
}

// Strides are 1, and no result is made of padding alone: the other results of its tile would leave
// their rounding in its zero.
template <typename Op>
std::optional<Problem> problem_of(const Op& op, Kind kind, const Contraction& contraction,
                                  const Site& site) {
  const auto* loops = loops_of_processor();
  if (loops == nullptr || op.stride != std::vector<std::int64_t>{1, 1} || op.padding[0] > 2 ||
      op.padding[1] > 2)
    return std::nullopt;
  for (const auto* values : {&site.operands, &site.results})
    for (const auto& value : *values)
      if (value.type.dtype != DType::f32 || element_count(value.shape()) == 0) return std::nullopt;
  const Stored &lhs = site.operands[contraction.lhs], &rhs = site.operands[contraction.rhs];
  Problem problem{*loops, kind, op.padding[0], op.padding[1], lhs, site.results[0], rhs};
  if (kind == Kind::weight_gradient) std::swap(problem.to, problem.weights);
  const Shape weights = problem.weights.shape();
  if (weights[2] != 3 || weights[3] != 3 || !pays(problem)) return std::nullopt;
  return problem;
}

std::optional<Problem> problem_of(const Contraction& contraction, const Site& site) {
  const auto& op = contraction.node.op;
  if (const auto* o = std::get_if<ir::ConvolutionInputGradient>(&op))
    return problem_of(*o, Kind::input_gradient, contraction, site);
  if (const auto* o = std::get_if<ir::ConvolutionWeightGradient>(&op))
    return problem_of(*o, Kind::weight_gradient, contraction, site);
  return std::nullopt;
}

std::optional<WinogradSide> side_of(const Stored& stored, std::int64_t lanes) {
  const auto strides = image_strides(stored.shape(), stored.layout, lanes);
  if (!strides) return std::nullopt;
  const Shape shape = stored.shape();
  // A line apart, or all points would fall into the same sets of the cache.
  constexpr std::int64_t line = 16;
  return WinogradSide{shape[1], shape[2], shape[3], *strides, winograd_block * shape[1] + line};
}

std::optional<WinogradShape> shape_of(const Problem& problem) {
  const auto input = side_of(problem.from, problem.loops.lanes);
  const auto output = side_of(problem.to, problem.loops.lanes);
  if (!input || !output) return std::nullopt;
  const bool full = problem.kind == Kind::input_gradient;
  return WinogradShape{*input,
                       *output,
                       full ? 2 - problem.padding_above : problem.padding_above,
                       full ? 2 - problem.padding_left : problem.padding_left,
                       tiles_along(output->height),
                       tiles_along(output->width),
                       problem.to.shape()[0],
                       input->channels * output->channels};
}

// What all kinds share: the shape, where weights lie, and the workspace of each thread.
class WinogradKernel : public Kernel {
 public:
  WinogradKernel(const Problem& problem, const WinogradShape& shape, int pool)
      : loops_(problem.loops),
        shape_(shape),
        weights_along_(offsets(problem.weights.shape(), problem.weights.layout)),
        pool_(pool) {
    if (problem.kind == Kind::input_gradient) {  // with the weights rotated by half a turn
      std::swap(weights_along_[0], weights_along_[1]);
      std::reverse(weights_along_[2].begin(), weights_along_[2].end());
      std::reverse(weights_along_[3].begin(), weights_along_[3].end());
    }
    weights_ = {weights_along_[1].data(), weights_along_[0].data(), {}};
    for (std::size_t tap = 0; tap < 9; ++tap)
      weights_.tap[tap] = weights_along_[2][tap / 3] + weights_along_[3][tap % 3];
  }

  std::string implementation() const override {
    return fmt::format("winograd {}", loops_.lanes == 16 ? "avx512" : "avx2");
  }
  // The products and the transforms of tiles; those of weights are few.
  Flops flops(Flops) const override {
    const auto in = static_cast<double>(shape_.input.channels);
    const auto out = static_cast<double>(shape_.output.channels);
    return Flops(
        static_cast<double>(tiles()) *
        (2 * winograd_points * in * out + winograd_input_flops * in + winograd_output_flops * out));
  }

 protected:
  std::int64_t tiles() const { return shape_.images * shape_.tiles_down * shape_.tiles_across; }
  std::int64_t workspace() const {
    return winograd_points * (shape_.input.plane + shape_.output.plane);
  }
  std::int64_t transformed_weights() const { return winograd_points * shape_.weights_plane; }

  // f(begin, end, thread) on parts of the tiles.
  template <typename F>
  void for_tiles(const F& f) const {
    const std::int64_t channels = shape_.input.channels + shape_.output.channels;
    for_parts(tiles(), 12,
              static_cast<std::int64_t>(bytes_of_floats(tiles() * winograd_points * channels)), f);
  }
  // f(begin, end) on parts of the input channels of the weights.
  template <typename F>
  void for_input_channels(const F& f) const {
    for_parts(shape_.input.channels, 1,
              static_cast<std::int64_t>(bytes_of_floats(transformed_weights())),
              [&](std::int64_t begin, std::int64_t end, int) { f(begin, end); });
  }

  const WinogradLoops& loops_;
  WinogradShape shape_;
  std::vector<std::vector<std::int64_t>> weights_along_;
  WeightOffsets weights_;
  int pool_;
};

// The gradient of the images: a convolution of the gradient of the results.
class WinogradInputGradient final : public WinogradKernel {
 public:
  WinogradInputGradient(const Problem& problem, const WinogradShape& shape,
                        const Contraction& contraction, int pool)
      : WinogradKernel(problem, shape, pool),
        contraction_(contraction),
        transformed_(problem.weights.constant, transformed_weights()) {}

  std::size_t scratch_bytes() const override {
    return bytes_of_floats(transformed_.scratch_floats() + pool_ * workspace());
  }

  void refresh() override { transformed_.refresh(); }

  void run(const Memory& memory) override {
    auto* scratch = reinterpret_cast<float*>(memory.scratch);
    const float* const transformed = transformed_.get(scratch, [&](float* to) {
      const auto* weights = memory.operand<float>(contraction_.rhs);
      for_input_channels([&](std::int64_t begin, std::int64_t end) {
        loops_.transform_weights(shape_, weights, weights_, to, begin, end);
      });
    });
    const auto* images = memory.operand<float>(contraction_.lhs);
    auto* results = memory.result<float>(0);
    for_tiles([&](std::int64_t begin, std::int64_t end, int thread) {
      loops_.convolve(shape_, images, transformed, results, scratch + thread * workspace(), begin,
                      end);
    });
  }

 private:
  Contraction contraction_;
  Arranged transformed_;
};

class WinogradWeightGradient final : public WinogradKernel {
 public:
  WinogradWeightGradient(const Problem& problem, const WinogradShape& shape,
                         const Contraction& contraction, int pool)
      : WinogradKernel(problem, shape, pool), images_(contraction.lhs), outputs_(contraction.rhs) {}

  std::size_t scratch_bytes() const override {
    return bytes_of_floats(pool_ * (transformed_weights() + workspace()));
  }

  void run(const Memory& memory) override {
    auto* const sums = reinterpret_cast<float*>(memory.scratch);
    float* const workspaces = sums + pool_ * transformed_weights();
    const auto* const images = memory.operand<float>(images_);
    const auto* const outputs = memory.operand<float>(outputs_);
    std::int64_t parts = 1;
    for_tiles([&](std::int64_t begin, std::int64_t end, int thread) {
      if (end == tiles()) parts = thread + 1;
      loops_.add_gradient(shape_, images, outputs, sums + thread * transformed_weights(),
                          workspaces + thread * workspace(), begin, end);
    });
    auto* const gradient = memory.result<float>(0);
    for_input_channels([&](std::int64_t begin, std::int64_t end) {
      loops_.finish_gradient(shape_, sums, parts, gradient, weights_, begin, end);
    });
  }

 private:
  std::size_t images_, outputs_;
};

}  // namespace

std::unique_ptr<Kernel> make_winograd(const Contraction& contraction, const Site& site) {
  const auto problem = problem_of(contraction, site);
  if (!problem) return nullptr;
  const auto shape = shape_of(*problem);
  if (!shape) return nullptr;
  if (problem->kind == Kind::weight_gradient)
    return std::make_unique<WinogradWeightGradient>(*problem, *shape, contraction, site.pool);
  return std::make_unique<WinogradInputGradient>(*problem, *shape, contraction, site.pool);
}

std::optional<machine::NodeLayouts> winograd_layouts(const Contraction& contraction,
                                                     const Site& site) {
  const auto problem = problem_of(contraction, site);
  if (!problem) return std::nullopt;
  const std::int64_t lanes = problem->loops.lanes;
  const auto near = [&](const Stored& stored) {
    return near_vectors(stored.shape(), stored.layout, lanes);
  };
  machine::NodeLayouts layouts{{}, {{}}};
  for (const auto& operand : site.operands) layouts.operands.push_back(operand.layout);
  auto& lhs = layouts.operands[contraction.lhs];
  auto& rhs = layouts.operands[contraction.rhs];
  lhs = near(site.operands[contraction.lhs]);
  if (problem->kind == Kind::weight_gradient) {
    rhs = near(site.operands[contraction.rhs]);
    layouts.results[0] = site.results[0].layout;
  } else {
    layouts.results[0] = lhs;
  }
  return layouts;
}

}  // namespace gnomon::exec::cpu
