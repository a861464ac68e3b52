#include "exec/cpu/tape_loops.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "exec/cpu/elementary.h"
#include "exec/cpu/vectorised.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

// To the nearest bf16, ties to even; as Bf16, without leaving 32 bits.
inline float rounded(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t up = bits + 0x7fffU + ((bits >> 16) & 1U);
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return std::bit_cast<float>((is_nan ? bits | 0x400000U : up) & 0xffff0000U);
}

// The loop `name`, and `name_rounded`, whose results are rounded to bf16.
#define GNOMON_LOOP(name, expression)                                                      \
  GNOMON_VECTORISED void name(const float* a, [[maybe_unused]] const float* b, float* out, \
                              std::int64_t count) {                                        \
    for (std::int64_t i = 0; i < count; ++i) out[i] = expression;                          \
  }                                                                                        \
  GNOMON_VECTORISED void name##_rounded(const float* a, [[maybe_unused]] const float* b,   \
                                        float* out, std::int64_t count) {                  \
    for (std::int64_t i = 0; i < count; ++i) out[i] = rounded(expression);                 \
  }

GNOMON_LOOP(copy, a[i])
GNOMON_LOOP(negate, -a[i])
GNOMON_LOOP(exponentials, exponential(a[i]))
GNOMON_LOOP(logarithm, std::log(a[i]))
GNOMON_LOOP(square_root, std::sqrt(a[i]))
GNOMON_LOOP(relu, a[i] < 0 ? 0 : a[i])
GNOMON_LOOP(step, a[i] > 0 ? 1.0f : 0.0f)
GNOMON_LOOP(hyperbolic_tangents, hyperbolic_tangent(a[i]))
GNOMON_LOOP(add, a[i] + b[i])
GNOMON_LOOP(subtract, a[i] - b[i])
GNOMON_LOOP(multiply, a[i] * b[i])
GNOMON_LOOP(divide, a[i] / b[i])
GNOMON_LOOP(maximum, a[i] < b[i] ? b[i] : a[i])

#undef GNOMON_LOOP

// What an operator's own definition gives, one element at a time.
template <typename Op, bool rounds>
void by_definition(const float* a, [[maybe_unused]] const float* b, float* out,
                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    float result;
    if constexpr (requires { Op::point(a[i]); })
      result = Op::point(a[i]);
    else
      result = Op::point(a[i], b[i]);
    out[i] = rounds ? rounded(result) : result;
  }
}

struct Loops {
  Loop exact, rounded;
};

struct LoopsOf {
  Loops operator()(const ir::Convert&) const { return {copy, copy_rounded}; }
  Loops operator()(const ir::Negate&) const { return {negate, negate_rounded}; }
  Loops operator()(const ir::Exp&) const { return {exponentials, exponentials_rounded}; }
  Loops operator()(const ir::Log&) const { return {logarithm, logarithm_rounded}; }
  Loops operator()(const ir::SquareRoot&) const { return {square_root, square_root_rounded}; }
  Loops operator()(const ir::Relu&) const { return {relu, relu_rounded}; }
  Loops operator()(const ir::Step&) const { return {step, step_rounded}; }
  Loops operator()(const ir::Tanh&) const {
    return {hyperbolic_tangents, hyperbolic_tangents_rounded};
  }
  Loops operator()(const ir::Add&) const { return {add, add_rounded}; }
  Loops operator()(const ir::Subtract&) const { return {subtract, subtract_rounded}; }
  Loops operator()(const ir::Multiply&) const { return {multiply, multiply_rounded}; }
  Loops operator()(const ir::Divide&) const { return {divide, divide_rounded}; }
  Loops operator()(const ir::Maximum&) const { return {maximum, maximum_rounded}; }
  template <ir::Pointwise Op>
  Loops operator()(const Op&) const {
    return {by_definition<Op, false>, by_definition<Op, true>};
  }
  template <typename Op>
  Loops operator()(const Op&) const {
    GNOMON_CHECK(false, "{} is not element-wise", Op::name);
  }
};

}  // namespace

Loop loop_of(const ir::Op& op, bool to_bf16) {
  const Loops loops = std::visit(LoopsOf{}, op);
  return to_bf16 ? loops.rounded : loops.exact;
}

GNOMON_VECTORISED void fill(float value, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = value;
}

GNOMON_VECTORISED void widen(const Bf16* in, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]);
}

GNOMON_VECTORISED void narrow(const float* in, Bf16* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = Bf16(in[i]);
}

}  // namespace gnomon::exec::cpu
