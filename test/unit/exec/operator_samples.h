#pragma once

// Sample uses of every operator: what the property tests over the operator list run on. An operator
// without an overload of `samples` does not compile (operator_samples.cc).

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/tensor.h"
#include "ir/builder.h"

namespace gnomon::exec::samples {

// The element type and batch size that samples are asked for; a symbolic batch is the dimension b
// <= 8.
struct Setting {
  DType dtype = DType::f32;
  std::int64_t batch = 3;
  bool symbolic = false;

  ir::Dim b() const { return symbolic ? ir::Dim("b", 8) : ir::Dim(batch); }
  ir::Type type(ir::Dims dims) const { return {dtype, std::move(dims)}; }
};

struct Sample {
  std::string what;
  ir::Program program;
  std::uint32_t node = 0;  // the operator
  std::vector<Tensor> arguments;
  double flops_per_point = 0;  // what its cost is derived from
  bool padded = false;         // some points lie in the padding: counted by the cost, never visited
};

using Samples = std::vector<Sample>;

// One operator of the list.
struct SampledOperator {
  std::string name;
  Samples (*samples)(const Setting&);

  // Those that one rank can run.
  Samples runnable(const Setting& setting) const;
};

const std::vector<SampledOperator>& operators();

// How GoogleTest names a test over operators(), and its parameter.
inline std::string name_of(const ::testing::TestParamInfo<SampledOperator>& info) {
  return info.param.name;
}
inline void PrintTo(const SampledOperator& sampled, std::ostream* out) { *out << sampled.name; }

// Numbers of a type, no two alike, that differ from those of other `number`s.
Tensor distinct_values(const ir::Type& type, std::uint64_t number);

// A gradient for each result of the sample's node: an argument; a token has none.
std::vector<ir::Value> make_gradients(ir::Builder& build, const Sample& sample);

// What operators are sampled at: an empty batch, one, some, more than one vector register.
inline std::vector<std::int64_t> batches() { return {0, 1, 3, 8}; }

}  // namespace gnomon::exec::samples
