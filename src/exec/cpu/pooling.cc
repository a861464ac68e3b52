#include "exec/cpu/pooling.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "exec/cpu/layouts.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/pooling_loops.h"
#include "exec/cpu/tape_loops.h"
#include "exec/cpu/vectorised.h"

namespace gnomon::exec::cpu {
namespace {

// Channels stored side by side; nullopt if the layout is none of those we know.
std::optional<std::int64_t> lanes_of(const Stored& images) {
  if (images.type.rank() != 4) return std::nullopt;
  const auto parts = ir::parts(images.layout, 4);
  const bool blocks_of_channels = parts.blocks.size() == 1 && parts.blocks[0].dimension == 1;
  if (parts.order == std::vector<std::size_t>{0, 1, 2, 3}) {
    if (parts.blocks.empty()) return 1;
    if (blocks_of_channels) return parts.blocks[0].size;
  }
  if (parts.order == std::vector<std::size_t>{0, 2, 3, 1} && parts.blocks.empty())
    return images.shape()[1];
  return std::nullopt;
}

template <typename Op>
std::optional<PoolShape> pool_shape(const Op& op, const Stored& images, const Stored& pooled) {
  const auto lanes = lanes_of(images);
  const DType dtype = images.type.dtype;
  if (!lanes || pooled.layout != images.layout || pooled.type.dtype != dtype ||
      (dtype != DType::f32 && dtype != DType::bf16))
    return std::nullopt;
  const Shape image = images.shape(), out = pooled.shape();
  const auto pair = [](const std::vector<std::int64_t>& v) { return std::array{v[0], v[1]}; };
  return PoolShape{image[2],        image[3],        out[2],           out[3],
                   pair(op.kernel), pair(op.stride), pair(op.padding), *lanes};
}

// Side by side in vectors; channels that are fewer are taken apart.
constexpr std::int64_t enough_lanes = 8;

// Every `stride`-th element, from and to elements side by side.
GNOMON_VECTORISED void gather(const float* from, std::int64_t stride, std::int64_t count,
                              float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
}
GNOMON_VECTORISED void scatter(const float* from, std::int64_t stride, std::int64_t count,
                               float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i * stride] = from[i];
}

// Runs plane by plane. bf16 planes are widened into scratch and the result is rounded; planes of few
// channels are taken apart there, and the result is put together.
class Pooling : public Kernel {
 public:
  Pooling(const Site& site, PoolShape shape, const Stored& images, bool gradient)
      : bf16_(images.type.dtype == DType::bf16), gradient_(gradient), pool_(site.pool) {
    const auto size = shape.image_size();
    planes_ = size == 0 ? 0 : stored_count(images.shape(), images.layout) / size;
    if (shape.lanes < enough_lanes) channels_ = std::exchange(shape.lanes, 1);
    shape_ = shape;
    // A thread's own: images, pooled and result, widened and of one channel; two rows for the
    // gradient.
    const auto values = 2 * shape.image_size() + shape.pooled_size();
    const auto work = gradient ? 2 * shape.columns * shape.lanes : 0;
    own_ = (values * ((bf16_ ? channels_ : 0) + (channels_ > 1 ? 1 : 0)) + work + 15) / 16 * 16;
  }

  std::string implementation() const override {
    return gradient_ ? "max_pool_gradient" : "max_pool";
  }
  std::size_t scratch_bytes() const override {
    return static_cast<std::size_t>(pool_ * own_) * sizeof(float);
  }

  void run(const Memory& memory) override {
    const auto bytes = planes_ * image_size() * (bf16_ ? 4 : 8);
    for_parts(planes_, 1, bytes, [&](std::int64_t begin, std::int64_t end, int thread) {
      float* const scratch = reinterpret_cast<float*>(memory.scratch) + thread * own_;
      for (auto plane = begin; plane < end; ++plane) {
        if (bf16_)
          run_bf16(memory, plane, scratch);
        else
          run_plane(memory.operand<float>(0) + plane * image_size(),
                    gradient_ ? memory.operand<float>(1) + plane * pooled_size() : nullptr,
                    memory.result<float>(0) + plane * result_size(), scratch);
      }
    });
  }

 private:
  std::int64_t image_size() const { return channels_ * shape_.image_size(); }
  std::int64_t pooled_size() const { return channels_ * shape_.pooled_size(); }
  std::int64_t result_size() const { return gradient_ ? image_size() : pooled_size(); }

  void run_bf16(const Memory& memory, std::int64_t plane, float* scratch) const {
    float* const images = scratch;
    float* const gradient = images + image_size();
    float* const result = gradient + pooled_size();
    widen(memory.operand<Bf16>(0) + plane * image_size(), images, image_size());
    if (gradient_) widen(memory.operand<Bf16>(1) + plane * pooled_size(), gradient, pooled_size());
    run_plane(images, gradient, result, result + image_size());
    narrow(result, memory.result<Bf16>(0) + plane * result_size(), result_size());
  }

  void run_plane(const float* images, const float* gradient, float* result, float* scratch) const {
    if (channels_ == 1) return run_channels(images, gradient, result, scratch);
    float* const image = scratch;
    float* const pooled = image + shape_.image_size();
    float* const one = pooled + shape_.pooled_size();
    for (std::int64_t c = 0; c < channels_; ++c) {
      gather(images + c, channels_, shape_.image_size(), image);
      if (gradient_) gather(gradient + c, channels_, shape_.pooled_size(), pooled);
      run_channels(image, pooled, one, one + shape_.image_size());
      scatter(one, channels_, result_size() / channels_, result + c);
    }
  }

  void run_channels(const float* images, const float* gradient, float* result, float* work) const {
    if (gradient_)
      max_pool_gradient_plane(shape_, images, gradient, result, work);
    else
      max_pool_plane(shape_, images, result);
  }

  PoolShape shape_{};
  bool bf16_, gradient_;
  int pool_;
  std::int64_t channels_ = 1;  // side by side that are taken apart
  std::int64_t planes_ = 0, own_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_max_pool(const Site& site, const ir::MaxPool& op) {
  const auto shape = pool_shape(op, site.operands[0], site.results[0]);
  if (!shape) return nullptr;
  return std::make_unique<Pooling>(site, *shape, site.operands[0], false);
}

std::unique_ptr<Kernel> make_max_pool_gradient(const Site& site, const ir::MaxPoolGradient& op) {
  const auto shape = pool_shape(op, site.operands[0], site.operands[1]);
  if (!shape || site.results[0].layout != site.operands[0].layout) return nullptr;
  return std::make_unique<Pooling>(site, *shape, site.operands[0], true);
}

}  // namespace gnomon::exec::cpu
