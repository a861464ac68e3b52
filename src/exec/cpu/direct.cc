#include "exec/cpu/direct.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "exec/cpu/arranged.h"
#include "exec/cpu/direct_loops.h"
#include "exec/cpu/layouts.h"
#include "exec/cpu/padding.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"
#include "exec/cpu/tape_loops.h"

namespace gnomon::exec::cpu {
namespace {

// A contraction that the loops can do.
struct Problem {
  const DirectLoops& loops;
  std::int64_t above, left;  // padding
  Stored images, results;    // [n, channels, h, w]
  Stored weights;            // [o, c, h, w]
};

std::int64_t rounded_up(std::int64_t count, std::int64_t unit) {
  return (count + unit - 1) / unit * unit;
}

// Half a long vector is a short one.
const DirectLoops* loops_for(std::int64_t channels) {
  if (vector_lanes() == 0) return nullptr;
  return vector_lanes() == direct_avx512.lanes && channels > direct_avx2.lanes ? &direct_avx512
                                                                               : &direct_avx2;
}

std::int64_t padded_floats(const Problem& p) {
  const Shape images = p.images.shape();
  return images[1] * (images[2] + 2 * p.above) * (images[3] + 2 * p.left);
}

// Of the weights, their channels filled up to whole vectors.
std::int64_t weight_floats(const Problem& p) {
  const Shape weights = p.weights.shape();
  return p.images.shape()[1] * weights[2] * weights[3] *
         rounded_up(p.results.shape()[1], p.loops.lanes);
}

// Whether it is worth it: few channels on one side, at least half the lanes in use, and an image
// and the weights in the first levels of the cache. Between eight channels and sixteen nothing was
// measured.
bool pays(const Problem& p) {
  constexpr std::int64_t few = 8, most_image = 32 << 10, most_weights = 16 << 10;
  const Shape weights = p.weights.shape();
  const std::int64_t channels = p.results.shape()[1];
  const bool has_width = std::find(std::begin(direct_widths), std::end(direct_widths),
                                   weights[3]) != std::end(direct_widths);
  return has_width && weights[2] * weights[3] > 1 && std::min(weights[0], weights[1]) <= few &&
         2 * channels >= rounded_up(channels, p.loops.lanes) && padded_floats(p) <= most_image &&
         weight_floats(p) <= most_weights;
}

template <typename Op>
std::optional<Problem> problem_of(const Op& op, const Stored& images, const Stored& results,
                                  const Stored& weights) {
  if (op.stride != std::vector<std::int64_t>{1, 1}) return std::nullopt;
  for (const auto* value : {&images, &results, &weights})
    if (element_count(value->shape()) == 0) return std::nullopt;
  const auto* loops = loops_for(results.shape()[1]);
  if (loops == nullptr) return std::nullopt;
  const Problem problem{*loops, op.padding[0], op.padding[1], images, results, weights};
  if (!pays(problem)) return std::nullopt;
  return problem;
}

std::optional<Problem> problem_of(const Contraction& contraction, const Site& site) {
  const auto& op = contraction.node.op;
  const Stored &lhs = site.operands[contraction.lhs], &rhs = site.operands[contraction.rhs];
  if (const auto* o = std::get_if<ir::Convolution>(&op))
    return problem_of(*o, lhs, site.results[0], rhs);
  if (const auto* o = std::get_if<ir::ConvolutionWeightGradient>(&op))
    return problem_of(*o, lhs, rhs, site.results[0]);
  return std::nullopt;
}

// nullopt unless results are whole vectors of channels and no more.
std::optional<ImageStrides> result_strides(const Problem& p) {
  const Shape shape = p.results.shape();
  if (stored_count(shape, p.results.layout) !=
      shape[0] * rounded_up(shape[1], p.loops.lanes) * shape[2] * shape[3])
    return std::nullopt;
  return image_strides(shape, p.results.layout, p.loops.lanes);
}

DirectShape shape_of(const Problem& p, const ImageStrides& strides) {
  const Shape images = p.images.shape(), results = p.results.shape(), weights = p.weights.shape();
  const std::int64_t row = images[3] + 2 * p.left;
  const std::int64_t count = rounded_up(results[1], p.loops.lanes) / p.loops.lanes;
  return {.channels = images[1],
          .plane = row * (images[2] + 2 * p.above),
          .row = row,
          .above = p.above,
          .below = p.above + images[2],
          .kernel_height = weights[2],
          .kernel_width = weights[3],
          .vectors = count,
          .last = results[1] - (count - 1) * p.loops.lanes,
          .height = results[2],
          .width = results[3],
          .strides = strides};
}

// Threads write to lines of the cache of their own.
std::int64_t whole_lines(std::int64_t floats) { return rounded_up(floats, 16); }

// f(pointer to the first element, as float or Bf16).
template <typename F>
void with_elements(std::byte* data, DType dtype, const F& f) {
  if (dtype == DType::bf16)
    f(reinterpret_cast<Bf16*>(data));
  else
    f(reinterpret_cast<float*>(data));
}

// The routines for these elements, and the elements as they know them.
auto routines_for(const DirectLoops& loops, const float*) { return loops.f32; }
auto routines_for(const DirectLoops& loops, const Bf16*) { return loops.bf16; }
float* known(float* elements) { return elements; }
std::uint16_t* known(Bf16* elements) { return reinterpret_cast<std::uint16_t*>(elements); }

void copy_row(const float* from, float* to, std::size_t count) { std::copy_n(from, count, to); }
void copy_row(const Bf16* from, float* to, std::size_t count) {
  widen(from, to, static_cast<std::int64_t>(count));
}

// What both share: images, one by one with their padding, and where weights lie.
class DirectKernel : public Kernel {
 public:
  DirectKernel(const Problem& problem, const ImageStrides& strides, int pool)
      : loops_(problem.loops),
        shape_(shape_of(problem, strides)),
        pool_(pool),
        weight_floats_(whole_lines(weight_floats(problem))),
        image_floats_(whole_lines(padded_floats(problem))),
        count_(problem.images.shape()[0]),
        images_type_(problem.images.type.dtype),
        results_type_(problem.results.type.dtype),
        weights_type_(problem.weights.type.dtype),
        above_(problem.above),
        left_(problem.left),
        images_along_(offsets(problem.images.shape(), problem.images.layout)),
        weights_along_(offsets(problem.weights.shape(), problem.weights.layout)) {
    const auto& pixels = images_along_[3];
    has_whole_rows_ = pixels.back() == static_cast<std::int64_t>(pixels.size()) - 1;
  }

  std::string implementation() const override {
    return fmt::format("direct {}", loops_.lanes == direct_avx512.lanes ? "avx512" : "avx2");
  }

 protected:
  // f(number, padded copy, thread) for all images; a copy of each thread's lies in `workspace`.
  template <typename F>
  void for_images(std::byte* images, float* workspace, const F& f) const {
    const std::int64_t pixels = shape_.height * shape_.width;
    const auto cost = static_cast<std::int64_t>(bytes_of_floats(count_ * image_floats_)) +
                      count_ * pixels * weight_floats_ / products_a_byte;
    with_elements(images, images_type_, [&](const auto* first) {
      for_parts(count_, 1, cost, [&](std::int64_t begin, std::int64_t end, int thread) {
        float* const image = workspace + thread * image_floats_;
        std::fill_n(image, image_floats_, 0.0F);
        for (std::int64_t n = begin; n < end; ++n) {
          copy_image(first + images_along_[0][static_cast<std::size_t>(n)], image);
          f(n, image, thread);
        }
      });
    });
  }
  std::int64_t workspace_floats() const { return pool_ * image_floats_; }

  // f(offset of the weight as stored, place in [channel][tap][vector][lane]) for all weights.
  template <typename F>
  void for_weights(const F& f) const {
    const auto& along = weights_along_;
    std::int64_t place = 0;
    for (const auto in : along[1])
      for (const auto row : along[2])
        for (const auto column : along[3]) {
          for (std::size_t out = 0; out < along[0].size(); ++out)
            f(in + row + column + along[0][out], place + static_cast<std::int64_t>(out));
          place += shape_.vectors * loops_.lanes;
        }
  }

  const DirectLoops& loops_;
  DirectShape shape_;
  int pool_;
  std::int64_t weight_floats_, image_floats_, count_;
  DType images_type_, results_type_, weights_type_;

 private:
  template <typename Element>
  void copy_image(const Element* from, float* to) const {
    const auto &pixels = images_along_[3], &rows = images_along_[2];
    for (std::size_t c = 0; c < images_along_[1].size(); ++c)
      for (std::size_t y = 0; y < rows.size(); ++y) {
        const Element* const line = from + images_along_[1][c] + rows[y];
        float* const row = to + static_cast<std::int64_t>(c) * shape_.plane +
                           (static_cast<std::int64_t>(y) + above_) * shape_.row + left_;
        if (has_whole_rows_)
          copy_row(line, row, pixels.size());
        else
          for (std::size_t x = 0; x < pixels.size(); ++x)
            row[x] = static_cast<float>(line[pixels[x]]);
      }
  }

  std::int64_t above_, left_;
  std::vector<std::vector<std::int64_t>> images_along_, weights_along_;
  bool has_whole_rows_;
};

class DirectConvolution final : public DirectKernel {
 public:
  DirectConvolution(const Problem& problem, const ImageStrides& strides,
                    const Contraction& contraction, DType bias_type, int pool)
      : DirectKernel(problem, strides, pool),
        contraction_(contraction),
        bias_type_(bias_type),
        weights_(problem.weights.constant, weight_floats_) {}

  std::size_t scratch_bytes() const override {
    return bytes_of_floats(weights_.scratch_floats() + bias_floats() + workspace_floats());
  }

  void refresh() override { weights_.refresh(); }

  void run(const Memory& memory) override {
    auto* scratch = reinterpret_cast<float*>(memory.scratch);
    const float* const weights =
        weights_.get(scratch, [&](float* to) { arrange(memory.operands[contraction_.rhs], to); });
    float* const bias = scratch;
    std::fill_n(bias, bias_floats(), 0.0F);
    if (contraction_.bias)
      with_elements(memory.operands[*contraction_.bias], bias_type_, [&](const auto* from) {
        copy_row(from, bias, static_cast<std::size_t>(channels()));
      });
    with_elements(memory.results[0], results_type_, [&](auto* results) {
      const auto routines = routines_for(loops_, results);
      for_images(memory.operands[contraction_.lhs], bias + bias_floats(),
                 [&](std::int64_t n, const float* image, int) {
                   routines.convolve(shape_, image, weights, bias, contraction_.relu,
                                     known(results + n * shape_.strides.image));
                 });
    });
  }

 private:
  std::int64_t bias_floats() const { return whole_lines(shape_.vectors * loops_.lanes); }
  std::int64_t channels() const { return (shape_.vectors - 1) * loops_.lanes + shape_.last; }

  void arrange(std::byte* weights, float* to) const {
    std::fill_n(to, weight_floats_, 0.0F);
    with_elements(weights, weights_type_, [&](const auto* elements) {
      for_weights([&](std::int64_t from, std::int64_t place) {
        to[place] = static_cast<float>(elements[from]);
      });
    });
  }

  Contraction contraction_;
  DType bias_type_;
  Arranged weights_;
};

class DirectWeightGradient final : public DirectKernel {
 public:
  DirectWeightGradient(const Problem& problem, const ImageStrides& strides,
                       const Contraction& contraction, int pool)
      : DirectKernel(problem, strides, pool),
        images_(contraction.lhs),
        gradients_(contraction.rhs),
        padding_(problem.weights) {}

  std::size_t scratch_bytes() const override {
    return bytes_of_floats(pool_ * weight_floats_ + workspace_floats());
  }

  void run(const Memory& memory) override {
    auto* const sums = reinterpret_cast<float*>(memory.scratch);
    std::fill_n(sums, pool_ * weight_floats_, 0.0F);
    std::int64_t parts = 1;
    with_elements(memory.operands[gradients_], results_type_, [&](auto* gradients) {
      const auto routines = routines_for(loops_, gradients);
      for_images(memory.operands[images_], sums + pool_ * weight_floats_,
                 [&](std::int64_t n, const float* image, int thread) {
                   if (n == count_ - 1) parts = thread + 1;
                   routines.add_gradient(shape_, image, known(gradients + n * shape_.strides.image),
                                         sums + thread * weight_floats_);
                 });
    });
    for (std::int64_t part = 1; part < parts; ++part)
      for (std::int64_t i = 0; i < weight_floats_; ++i) sums[i] += sums[part * weight_floats_ + i];
    padding_.zero(memory.results[0]);
    with_elements(memory.results[0], weights_type_, [&](auto* result) {
      using Element = std::remove_pointer_t<decltype(result)>;
      for_weights([&](std::int64_t to, std::int64_t place) { result[to] = Element(sums[place]); });
    });
  }

 private:
  std::size_t images_, gradients_;
  Padding padding_;
};

}  // namespace

std::unique_ptr<Kernel> make_direct(const Contraction& contraction, const Site& site) {
  const auto problem = problem_of(contraction, site);
  if (!problem) return nullptr;
  const auto strides = result_strides(*problem);
  if (!strides) return nullptr;
  if (std::holds_alternative<ir::ConvolutionWeightGradient>(contraction.node.op))
    return std::make_unique<DirectWeightGradient>(*problem, *strides, contraction, site.pool);
  const DType bias = contraction.bias ? site.operands[*contraction.bias].type.dtype : DType::f32;
  return std::make_unique<DirectConvolution>(*problem, *strides, contraction, bias, site.pool);
}

std::optional<machine::NodeLayouts> direct_layouts(const Contraction& contraction,
                                                   const Site& site) {
  const auto problem = problem_of(contraction, site);
  if (!problem) return std::nullopt;
  machine::NodeLayouts layouts{{}, {{}}};
  for (const auto& operand : site.operands) layouts.operands.push_back(operand.layout);
  auto& results = std::holds_alternative<ir::ConvolutionWeightGradient>(contraction.node.op)
                      ? layouts.operands[contraction.rhs]
                      : layouts.results[0];
  results = result_strides(*problem) ? problem->results.layout : in_vectors(problem->loops.lanes);
  return layouts;
}

}  // namespace gnomon::exec::cpu
