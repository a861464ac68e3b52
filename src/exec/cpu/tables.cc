#include "exec/cpu/tables.h"

#include <algorithm>

#include "exec/cpu/parallel.h"

namespace gnomon::exec::cpu {
namespace {

template <typename T>
class Gather final : public Kernel {
 public:
  explicit Gather(const Site& site)
      : rows_(site.operands[0].shape()[0]),
        width_(site.operands[0].shape()[1]),
        count_(element_count(site.operands[1].shape())) {}

  std::string implementation() const override { return "gather"; }

  void run(const Memory& memory) override {
    const auto bytes = 2 * count_ * width_ * static_cast<std::int64_t>(sizeof(T));
    for_parts(count_, 1, bytes, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t row = memory.operand<std::int32_t>(1)[i];
        T* const to = memory.result<T>(0) + i * width_;
        if (row >= 0 && row < rows_)
          std::copy_n(memory.operand<T>(0) + row * width_, width_, to);
        else
          std::fill_n(to, width_, T());
      }
    });
  }

 private:
  std::int64_t rows_, width_, count_;
};

class ScatterAdd final : public Kernel {
 public:
  explicit ScatterAdd(const Site& site)
      : rows_(site.results[0].shape()[0]),
        width_(site.results[0].shape()[1]),
        count_(element_count(site.operands[0].shape())) {}

  std::string implementation() const override { return "scatter_add"; }

  void run(const Memory& memory) override {
    constexpr std::int64_t cache_line = 16;
    const auto bytes = (rows_ + 2 * count_) * width_ * static_cast<std::int64_t>(sizeof(float));
    const auto* const numbers = memory.operand<std::int32_t>(0);
    for_parts(width_, cache_line, bytes, [&](std::int64_t begin, std::int64_t end, int) {
      float* const table = memory.result<float>(0);
      for (std::int64_t row = 0; row < rows_; ++row)
        std::fill(table + row * width_ + begin, table + row * width_ + end, 0.0F);
      for (std::int64_t i = 0; i < count_; ++i) {
        if (numbers[i] < 0 || numbers[i] >= rows_) continue;
        const float* const from = memory.operand<float>(1) + i * width_;
        float* const to = table + numbers[i] * width_;
        for (std::int64_t c = begin; c < end; ++c) to[c] += from[c];
      }
    });
  }

 private:
  std::int64_t rows_, width_, count_;
};

}  // namespace

std::unique_ptr<Kernel> make_gather(const Site& site) {
  if (!site.is_row_major()) return nullptr;
  if (site.results[0].type.dtype == DType::f32) return std::make_unique<Gather<float>>(site);
  if (site.results[0].type.dtype == DType::bf16) return std::make_unique<Gather<Bf16>>(site);
  return nullptr;
}

// A sum of many in bf16 would lose its small terms: it is left to the reference.
std::unique_ptr<Kernel> make_scatter_add(const Site& site) {
  if (!site.is_row_major() || site.results[0].type.dtype != DType::f32) return nullptr;
  return std::make_unique<ScatterAdd>(site);
}

}  // namespace gnomon::exec::cpu
