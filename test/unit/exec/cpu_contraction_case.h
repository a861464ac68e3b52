#pragma once

// A contraction alone, run by the kernel that is chosen for it, against the definition in f64.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cpu_values.h"
#include "exec/cpu/kernels.h"
#include "exec/cpu/parallel.h"
#include "exec/cpu/tape_code.h"
#include "exec/layout_conversion.h"
#include "exec/reference/evaluate.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {

inline Tensor magnitude(const Tensor& tensor) {
  Tensor wide = convert(tensor, DType::f64);
  for (auto& x : wide.span<double>()) x = std::abs(x);
  return wide;
}

// A node alone, its operands and how they lie.
struct Case {
  ir::Node node;
  std::vector<ir::Type> types;
  std::vector<std::string> layouts;
  std::string result_layout;
  int threads = 1;
  bool constant = false;  // the second operand

  Site site() const {
    Site site{node, {}, {{node.results[0], {result_layout}}}, threads};
    for (std::size_t i = 0; i < types.size(); ++i)
      site.operands.push_back({types[i], {layouts[i]}, constant && i == 1});
    return site;
  }
};

inline Case make_case(ir::Op op, std::vector<ir::Type> types, std::vector<std::string> layouts,
                      std::string result_layout, int threads) {
  ir::Node node{std::move(op), std::vector<ir::Value>(types.size()), {}, {}, {}};
  node.results = ir::infer(node.op, types);
  return {std::move(node), std::move(types), std::move(layouts), std::move(result_layout), threads};
}

// What the kernel leaves in a result that was full of NaN, as it is stored.
inline Buffer run_stored(Kernel& kernel, const Case& c, const std::vector<Tensor>& values) {
  const PoolSize pool(c.threads);
  std::vector<Buffer> memory;
  for (std::size_t i = 0; i < values.size(); ++i)
    memory.push_back(from_row_major(values[i], {c.layouts[i]}));
  Buffer result(
      static_cast<std::size_t>(ir::stored_bytes(c.node.results[0], {c.result_layout}).value));
  std::fill_n(result.data(), result.size(), std::byte{0xff});
  std::vector<std::byte*> operands;
  for (auto& buffer : memory) operands.push_back(buffer.data());
  std::byte* results[] = {result.data()};
  Buffer scratch(kernel.scratch_bytes());
  std::fill_n(scratch.data(), scratch.size(), std::byte{0xff});
  kernel.run({operands.data(), results, scratch.data()});
  return result;
}

inline Tensor run(Kernel& kernel, const Case& c, const std::vector<Tensor>& values) {
  const Buffer result = run_stored(kernel, c, values);
  const auto& type = c.node.results[0];
  Tensor tensor = to_row_major({result.data(), result.size()}, type.dtype,
                               ir::bound_shape(type.dims), {c.result_layout});
  // Padding must be zero: oneDNN computes with it.
  const Buffer clean = from_row_major(tensor, {c.result_layout});
  EXPECT_TRUE(std::equal(clean.data(), clean.data() + clean.size(), result.data())) << "padding";
  return tensor;
}

inline Tensor defined(const Case& c, const std::vector<Tensor>& wide) {
  ir::Node node = c.node;
  std::vector<const Tensor*> pointers;
  for (const auto& value : wide) pointers.push_back(&value);
  for (auto& result : node.results) result.dtype = DType::f64;
  if (auto* gradient = std::get_if<ir::ConvolutionInputGradient>(&node.op))
    gradient->type.dtype = DType::f64;
  if (auto* gradient = std::get_if<ir::ConvolutionWeightGradient>(&node.op))
    gradient->type.dtype = DType::f64;
  return evaluate_node(node, pointers)[0];
}

// What is defined, and Σ|aᵢbᵢ|, in f64.
struct Expected {
  Tensor value, scale;
};

inline Expected expected(const Case& c, const std::vector<Tensor>& values) {
  std::vector<Tensor> wide, magnitudes;
  for (const auto& value : values) {
    wide.push_back(convert(value, DType::f64));
    magnitudes.push_back(magnitude(value));
  }
  return {defined(c, wide), defined(c, magnitudes)};
}

// The largest error as a share of Σ|aᵢbᵢ|.
inline double worst_error(const Tensor& got, const Expected& expected) {
  const Tensor wide = convert(got, DType::f64);
  double worst = 0;
  for (std::size_t i = 0; i < wide.span<double>().size(); ++i) {
    const double error = std::abs(wide.span<double>()[i] - expected.value.span<double>()[i]);
    if (std::isnan(error)) return error;
    worst = std::max(worst, error / expected.scale.span<double>()[i]);
  }
  return worst;
}

inline std::vector<Tensor> values_of(const Case& c) {
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < c.types.size(); ++i)
    values.push_back(random_tensor(c.types[i], 7 + i));
  return values;
}

inline bool has_vectors() { return vector_lanes() != 0; }

// Of kernels in vectors.
class VectorKernels : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_vectors()) GTEST_SKIP() << "no vectors on this processor";
  }
};

inline bool is(std::string_view implementation, const Kernel& kernel) {
  return kernel.implementation().starts_with(implementation);
}

// The worst error of the kernel that is chosen, which must be this one.
inline double error_of(std::string_view implementation, const Case& c,
                       const std::vector<Tensor>& values, const Expected& right) {
  const auto kernel = make_kernel(c.site(), device());
  EXPECT_TRUE(is(implementation, *kernel)) << kernel->implementation();
  return worst_error(run(*kernel, c, values), right);
}
inline double error_of(std::string_view implementation, const Case& c) {
  const auto values = values_of(c);
  return error_of(implementation, c, values, expected(c, values));
}

// Constant weights are those of the first run until the kernel is told otherwise.
inline void expect_to_remember_weights(Case c, double tolerance) {
  c.constant = true;
  const auto kernel = make_kernel(c.site(), device());
  auto values = values_of(c);
  const Tensor before = run(*kernel, c, values);
  values[1] = random_tensor(c.types[1], 99);
  EXPECT_EQ(run(*kernel, c, values), before);
  kernel->refresh();
  EXPECT_LT(worst_error(run(*kernel, c, values), expected(c, values)), tolerance);
}

}  // namespace gnomon::exec::cpu
