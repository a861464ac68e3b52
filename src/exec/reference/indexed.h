#pragma once

// The evaluator of every operator that has a scalar function: its index rule says where, its
// `point` what, the reduction of the indices that disappear how results combine. An empty sum is 0;
// an empty maximum is the lowest number of the type; NaN is never larger than a number.

#include "exec/reference/call.h"
#include "ir/op_info.h"

namespace gnomon::exec::reference {

// Integers are computed wide enough not to overflow.
__extension__ using Wide = __int128;

template <typename A>
struct PointFunction {
  A (*one)(A) = nullptr;
  A (*two)(A, A) = nullptr;
};

// The scalar function of an operator in each arithmetic; empty where it has none.
struct PointFunctions {
  PointFunction<float> f32;
  PointFunction<double> f64;
  PointFunction<Wide> integer;
};

template <typename A, ir::Pointwise O>
constexpr PointFunction<A> point_function() {
  if constexpr (requires(A x) { O::point(x); })
    return {[](A x) { return O::point(x); }, nullptr};
  else
    return {nullptr, [](A x, A y) { return O::point(x, y); }};
}

template <ir::Pointwise O>
constexpr PointFunctions point_functions() {
  PointFunctions all{point_function<float, O>(), point_function<double, O>(), {}};
  if constexpr (!ir::FloatsOnly<O>) all.integer = point_function<Wide, O>();
  return all;
}

std::vector<Tensor> evaluate_indexed(const PointFunctions& point, const Call& call);

}  // namespace gnomon::exec::reference
