#include "exec/cpu/rows.h"

#include <algorithm>
#include <cmath>

#include "exec/cpu/elementary.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/vectorised.h"

namespace gnomon::exec::cpu {
namespace {

constexpr std::int64_t lanes = 16;  // combined side by side, then in order

GNOMON_VECTORISED float largest(const float* in, std::int64_t count) {
  float top[lanes];
  std::fill_n(top, lanes, -std::numeric_limits<float>::infinity());
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t l = 0; l < lanes; ++l) top[l] = top[l] < in[i + l] ? in[i + l] : top[l];
  for (; i < count; ++i) top[0] = top[0] < in[i] ? in[i] : top[0];
  return *std::max_element(top, top + lanes);
}

// Σ exp(in - top)
GNOMON_VECTORISED float sum_of_exponentials(const float* in, float top, std::int64_t count) {
  float sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t l = 0; l < lanes; ++l) sums[l] += exponential(in[i + l] - top);
  for (; i < count; ++i) sums[0] += exponential(in[i] - top);
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

GNOMON_VECTORISED void exponentials(const float* in, float top, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exponential(in[i] - top);
}

GNOMON_VECTORISED float sum_of(const float* in, std::int64_t count) {
  float sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::int64_t l = 0; l < lanes; ++l) sums[l] += in[i + l];
  for (; i < count; ++i) sums[0] += in[i];
  float sum = 0;
  for (const float part : sums) sum += part;
  return sum;
}

GNOMON_VECTORISED void scale(float* values, float factor, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] *= factor;
}

GNOMON_VECTORISED void subtract(const float* in, float offset, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] - offset;
}

// The result may lie over the operand.
void softmax(const float* in, float* out, std::int64_t columns, bool logarithm) {
  const float top = largest(in, columns);
  if (logarithm) {
    const float sum = sum_of_exponentials(in, top, columns);
    subtract(in, top + std::log(sum), out, columns);
  } else {
    exponentials(in, top, out, columns);
    scale(out, 1 / sum_of(out, columns), columns);
  }
}

// Rare: mixed precision keeps softmax wide. In f32 and the order of the row.
void softmax(const Bf16* in, Bf16* out, std::int64_t columns, bool logarithm) {
  float top = -std::numeric_limits<float>::infinity();
  for (std::int64_t c = 0; c < columns; ++c) top = std::max(top, static_cast<float>(in[c]));
  float sum = 0;
  for (std::int64_t c = 0; c < columns; ++c) sum += std::exp(static_cast<float>(in[c]) - top);
  const float log_sum = std::log(sum), share = 1 / sum;
  for (std::int64_t c = 0; c < columns; ++c) {
    const float x = static_cast<float>(in[c]) - top;
    out[c] = Bf16(logarithm ? x - log_sum : std::exp(x) * share);
  }
}

template <typename T>
void arg_max(const T* in, std::int32_t* out, std::int64_t columns) {
  std::int64_t best = 0;
  for (std::int64_t c = 1; c < columns; ++c)
    if (static_cast<float>(in[c]) > static_cast<float>(in[best])) best = c;
  *out = static_cast<std::int32_t>(best);
}

void one_hot(const std::int32_t* in, float* out, std::int64_t classes) {
  std::fill_n(out, classes, 0.0f);
  if (*in >= 0 && *in < classes) out[*in] = 1;
}

// Runs f(operand row, result row) for each row; `wide` is the one that has the last dimension.
template <typename In, typename Out, typename F>
class Rows final : public Kernel {
 public:
  Rows(const Site& site, const Stored& wide, std::string implementation, F f)
      : implementation_(std::move(implementation)), f_(f) {
    const auto count = [](const Stored& s) { return element_count(s.shape()); };
    const std::int64_t columns = wide.shape().back();
    rows_ = columns == 0 ? 0 : count(wide) / columns;
    in_ = rows_ == 0 ? 0 : count(site.operands[0]) / rows_;
    out_ = rows_ == 0 ? 0 : count(site.results[0]) / rows_;
  }

  std::string implementation() const override { return implementation_; }

  void run(const Memory& memory) override {
    // An exponential costs about as much as moving 32 bytes.
    for_parts(rows_, 1, rows_ * (in_ + out_) * 16, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row)
        f_(memory.operand<In>(0) + row * in_, memory.result<Out>(0) + row * out_);
    });
  }

 private:
  std::string implementation_;
  F f_;
  std::int64_t rows_ = 0, in_ = 0, out_ = 0;
};

template <typename In, typename Out, typename F>
std::unique_ptr<Kernel> make_rows(const Site& site, const Stored& wide, std::string name, F f) {
  return std::make_unique<Rows<In, Out, F>>(site, wide, std::move(name), f);
}

}  // namespace

std::unique_ptr<Kernel> make_softmax(const Site& site, bool logarithm) {
  if (!site.is_row_major()) return nullptr;
  const Stored& wide = site.operands[0];
  const std::int64_t columns = wide.shape().back();
  const auto make = [&]<typename T>(T) {
    return make_rows<T, T>(site, wide, "softmax",
                           [=](const T* in, T* out) { softmax(in, out, columns, logarithm); });
  };
  if (wide.type.dtype == DType::f32) return make(float{});
  if (wide.type.dtype == DType::bf16) return make(Bf16{});
  return nullptr;
}

std::unique_ptr<Kernel> make_arg_max(const Site& site) {
  const Stored& wide = site.operands[0];
  const std::int64_t columns = wide.shape().back();
  if (!site.is_row_major() || columns == 0) return nullptr;
  const auto make = [&]<typename T>(T) {
    return make_rows<T, std::int32_t>(
        site, wide, "arg_max", [=](const T* in, std::int32_t* out) { arg_max(in, out, columns); });
  };
  if (wide.type.dtype == DType::f32) return make(float{});
  if (wide.type.dtype == DType::bf16) return make(Bf16{});
  return nullptr;
}

std::unique_ptr<Kernel> make_one_hot(const Site& site) {
  if (!site.is_row_major()) return nullptr;
  const std::int64_t classes = site.results[0].shape().back();
  return make_rows<std::int32_t, float>(
      site, site.results[0], "one_hot",
      [=](const std::int32_t* in, float* out) { one_hot(in, out, classes); });
}

}  // namespace gnomon::exec::cpu
