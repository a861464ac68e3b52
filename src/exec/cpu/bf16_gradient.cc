#include "exec/cpu/bf16_gradient.h"

#include <algorithm>

#include "exec/cpu/arranged.h"
#include "exec/cpu/bf16_gradient_loops.h"
#include "exec/cpu/isa.h"
#include "exec/cpu/layouts.h"
#include "exec/cpu/padding.h"
#include "exec/cpu/parallel.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t lanes = bf16_gradient_lanes;

// A contraction that the loops can do.
struct Problem {
  std::vector<std::int64_t> stride, padding;
  Stored images, results;  // [n, channels, h, w]
  Stored weights;          // [o, c, h, w]
};

std::int64_t pairs_in(std::int64_t pixels) { return (pixels + 1) / 2; }

// Elements of the copies of one image and one vector of its channels, and of its results.
std::int64_t rows_of(const Problem& p) {
  return (p.results.shape()[2] - 1) * p.stride[0] + p.weights.shape()[2];
}
std::int64_t columns_of(const Problem& p) {
  return 2 * (pairs_in(p.results.shape()[3]) - 1) * p.stride[1] + bf16_gradient_width;
}
std::int64_t image_pairs(const Problem& p) { return rows_of(p) * columns_of(p) * lanes; }
std::int64_t pairs_of_channel(const Problem& p) {
  return p.results.shape()[2] * pairs_in(p.results.shape()[3]);
}

// Whether it is worth it: whole vectors of channels, and copies that stay in the second-level cache.
// More channels were not measured.
bool pays(const Problem& p) {
  constexpr std::int64_t most_channels = 256, most_copied = 32 << 10;
  const auto fills = [](std::int64_t channels) {
    return channels % lanes == 0 && channels <= most_channels;
  };
  const Shape weights = p.weights.shape();
  return weights[3] == bf16_gradient_width && fills(weights[0]) && fills(weights[1]) &&
         image_pairs(p) <= most_copied && pairs_of_channel(p) * weights[0] <= most_copied;
}

std::optional<Problem> problem_of(const Contraction& contraction, const Site& site) {
  const auto* op = std::get_if<ir::ConvolutionWeightGradient>(&contraction.node.op);
  if (op == nullptr || !has_bf16_vectors()) return std::nullopt;
  Problem problem{op->stride, op->padding, site.operands[contraction.lhs],
                  site.operands[contraction.rhs], site.results[0]};
  for (const auto* value : {&problem.images, &problem.results, &problem.weights})
    if (element_count(value->shape()) == 0) return std::nullopt;
  if (problem.images.type.dtype != DType::bf16 || problem.results.type.dtype != DType::bf16 ||
      !pays(problem))
    return std::nullopt;
  return problem;
}

// Of all images together; nullopt where the channels of a vector do not lie together.
std::optional<Bf16GradientShape> shape_of(const Problem& p) {
  const Shape images = p.images.shape(), results = p.results.shape();
  const auto of_images = image_strides(images, p.images.layout, lanes);
  const auto of_results = image_strides(results, p.results.layout, lanes);
  if (!of_images || !of_results) return std::nullopt;
  return Bf16GradientShape{.images = images[0],
                           .height = images[2],
                           .width = images[3],
                           .image_strides = *of_images,
                           .stride_down = p.stride[0],
                           .stride_across = p.stride[1],
                           .above = p.padding[0],
                           .left = p.padding[1],
                           .kernel_height = p.weights.shape()[2],
                           .result_vectors = results[1] / lanes,
                           .result_height = results[2],
                           .result_width = results[3],
                           .result_strides = *of_results,
                           .rows = rows_of(p),
                           .columns = columns_of(p),
                           .pairs = pairs_in(results[3]),
                           .plane = 0};
}

class Bf16Gradient final : public Kernel {
 public:
  Bf16Gradient(const Problem& problem, const Bf16GradientShape& shape,
               const Contraction& contraction, int pool)
      : shape_(shape),
        images_(contraction.lhs),
        results_(contraction.rhs),
        vectors_(problem.images.shape()[1] / lanes),
        group_(std::max<std::int64_t>(1, enough_pairs / pairs_of_channel(problem))),
        image_pairs_(group_ * image_pairs(problem)),
        weights_along_(offsets(problem.weights.shape(), problem.weights.layout)),
        weights_type_(problem.weights.type.dtype),
        padding_(problem.weights),
        pool_(pool) {
    // A line apart, or the same pairs of all channels would fall into the same sets of the cache.
    constexpr std::int64_t line = 16;
    shape_.plane = (group_ * pairs_of_channel(problem) + line - 1) / line * line + line;
    result_pairs_ = shape_.result_vectors * lanes * shape_.plane;
    sums_ = vectors_ * shape_.result_vectors * lanes * sums_of_result();
  }

  std::string implementation() const override { return "direct avx512_bf16"; }
  std::size_t scratch_bytes() const override {
    return bytes_of_floats(pool_ * (sums_ + image_pairs_ + result_pairs_));
  }

  // Threads share the images; each has sums of its own.
  void run(const Memory& memory) override {
    auto* const sums = reinterpret_cast<float*>(memory.scratch);
    auto* const copies = reinterpret_cast<std::uint32_t*>(sums + pool_ * sums_);
    const std::int64_t groups = (shape_.images + group_ - 1) / group_;
    std::int64_t parts = 1;
    for_parts(groups, 1,
              groups * sums_ * group_ * shape_.pairs * shape_.result_height / products_a_byte,
              [&](std::int64_t begin, std::int64_t end, int thread) {
                if (end == groups) parts = thread + 1;
                float* const own = sums + thread * sums_;
                std::fill_n(own, sums_, 0.0F);
                for (std::int64_t group = begin; group < end; ++group)
                  add_group(memory, group * group_, std::min(end * group_, shape_.images),
                            copies + thread * (image_pairs_ + result_pairs_), own);
              });
    padding_.zero(memory.results[0]);
    if (weights_type_ == DType::bf16)
      finish(sums, parts, memory.result<Bf16>(0));
    else
      finish(sums, parts, memory.result<float>(0));
  }

 private:
  // Rows of the image are short where it is small: several are worked on at once, so that sums stay in
  // registers for a while.
  static constexpr std::int64_t enough_pairs = 128;

  // Of one channel of the results and one vector of the images'.
  std::int64_t sums_of_result() const { return shape_.kernel_height * bf16_gradient_width * lanes; }

  // The images from `first` on; those behind, up to `end`, are asked for.
  void add_group(const Memory& memory, std::int64_t first, std::int64_t end, std::uint32_t* images,
                 float* sums) const {
    const auto* const from = memory.operand<std::uint16_t>(images_);
    const auto* const results_from = memory.operand<std::uint16_t>(results_);
    const std::int64_t next = std::min(first + group_, end);
    const std::int64_t left = std::min(next + group_, end) - next;
    Bf16GradientShape part = shape_;
    part.images = next - first;
    Bf16GradientAhead ahead[] = {ahead_of(from, part.image_strides.image, next, left),
                                 ahead_of(results_from, part.result_strides.image, next, left)};
    std::uint32_t* const results = images + image_pairs_;
    bf16_gradient_avx512.pair_gradients(part, results_from + first * part.result_strides.image,
                                        results);
    for (std::int64_t v = 0; v < vectors_; ++v) {
      bf16_gradient_avx512.pair_images(
          part, from + first * part.image_strides.image + v * part.image_strides.vector, images);
      bf16_gradient_avx512.add(part, images, results, sums + v * sums_ / vectors_, ahead);
    }
  }

  Bf16GradientAhead ahead_of(const std::uint16_t* from, std::int64_t stride, std::int64_t first,
                             std::int64_t count) const {
    constexpr std::int64_t line = 64;
    const std::int64_t rows = group_ * shape_.result_height * vectors_ * shape_.kernel_height *
                              shape_.result_vectors * lanes / bf16_gradient_results;
    const std::int64_t bytes = group_ * stride * 2;
    const auto* const begin = reinterpret_cast<const char*>(from + first * stride);
    return {begin, begin + count * stride * 2, (bytes / rows + line - 1) / line * line};
  }

  template <typename Element>
  void finish(const float* sums, std::int64_t parts, Element* weights) const {
    const auto& along = weights_along_;
    const auto one = [&](std::size_t o, std::size_t c) {
      const float* from = sums + static_cast<std::int64_t>(c) / lanes * (sums_ / vectors_) +
                          static_cast<std::int64_t>(o) * sums_of_result() +
                          static_cast<std::int64_t>(c) % lanes;
      for (const auto row : along[2])
        for (const auto column : along[3]) {
          float sum = from[0];
          for (std::int64_t part = 1; part < parts; ++part) sum += from[part * sums_];
          weights[along[0][o] + along[1][c] + row + column] = Element(sum);
          from += lanes;
        }
    };
    for_parts(static_cast<std::int64_t>(along[0].size()), 1,
              static_cast<std::int64_t>(bytes_of_floats(parts * sums_)),
              [&](std::int64_t begin, std::int64_t end, int) {
                for (auto o = static_cast<std::size_t>(begin); o < static_cast<std::size_t>(end);
                     ++o)
                  for (std::size_t c = 0; c < along[1].size(); ++c) one(o, c);
              });
  }

  Bf16GradientShape shape_;
  std::size_t images_, results_;
  std::int64_t vectors_;  // of the images' channels
  std::int64_t group_;    // images worked on at once
  std::int64_t image_pairs_, result_pairs_ = 0, sums_ = 0;
  std::vector<std::vector<std::int64_t>> weights_along_;
  DType weights_type_;
  Padding padding_;
  int pool_;
};

}  // namespace

bool has_bf16_vectors() {
  static const bool has =
      has_isa(dnnl::cpu_isa::avx512_core_bf16) && !has_isa(dnnl::cpu_isa::avx512_core_amx);
  return has;
}

std::unique_ptr<Kernel> make_bf16_gradient(const Contraction& contraction, const Site& site) {
  const auto problem = problem_of(contraction, site);
  if (!problem) return nullptr;
  const auto shape = shape_of(*problem);
  if (!shape) return nullptr;
  return std::make_unique<Bf16Gradient>(*problem, *shape, contraction, site.pool);
}

std::optional<machine::NodeLayouts> bf16_gradient_layouts(const Contraction& contraction,
                                                          const Site& site) {
  if (!problem_of(contraction, site)) return std::nullopt;
  machine::NodeLayouts layouts{{}, {site.results[0].layout}};
  for (const auto& operand : site.operands)
    layouts.operands.push_back(near_vectors(operand.shape(), operand.layout, lanes));
  return layouts;
}

}  // namespace gnomon::exec::cpu
