#include "exec/cpu/tape_loops.h"

#include <cmath>

#include "base/error.h"
#include "exec/cpu/elementary.h"
#include "exec/cpu/vectorised.h"
#include "ir/op_info.h"

namespace gnomon::exec::cpu {
namespace {

#define GNOMON_LOOP(name, expression)                                                      \
  GNOMON_VECTORISED void name(const float* a, [[maybe_unused]] const float* b, float* out, \
                              std::int64_t count) {                                        \
    for (std::int64_t i = 0; i < count; ++i) out[i] = expression;                          \
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
template <typename Op>
void by_definition(const float* a, [[maybe_unused]] const float* b, float* out,
                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i)
    if constexpr (requires { Op::point(a[i]); })
      out[i] = Op::point(a[i]);
    else
      out[i] = Op::point(a[i], b[i]);
}

struct LoopOf {
  Loop operator()(const ir::Convert&) const { return copy; }
  Loop operator()(const ir::Negate&) const { return negate; }
  Loop operator()(const ir::Exp&) const { return exponentials; }
  Loop operator()(const ir::Log&) const { return logarithm; }
  Loop operator()(const ir::SquareRoot&) const { return square_root; }
  Loop operator()(const ir::Relu&) const { return relu; }
  Loop operator()(const ir::Step&) const { return step; }
  Loop operator()(const ir::Tanh&) const { return hyperbolic_tangents; }
  Loop operator()(const ir::Add&) const { return add; }
  Loop operator()(const ir::Subtract&) const { return subtract; }
  Loop operator()(const ir::Multiply&) const { return multiply; }
  Loop operator()(const ir::Divide&) const { return divide; }
  Loop operator()(const ir::Maximum&) const { return maximum; }
  template <ir::Pointwise Op>
  Loop operator()(const Op&) const {
    return by_definition<Op>;
  }
  template <typename Op>
  Loop operator()(const Op&) const {
    GNOMON_CHECK(false, "{} is not element-wise", Op::name);
  }
};

}  // namespace

Loop loop_of(const ir::Op& op) { return std::visit(LoopOf{}, op); }

GNOMON_VECTORISED void round_to_bf16(const float* a, const float*, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(Bf16(a[i]));
}

GNOMON_VECTORISED void widen(const Bf16* in, float* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(in[i]);
}

GNOMON_VECTORISED void narrow(const float* in, Bf16* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = Bf16(in[i]);
}

}  // namespace gnomon::exec::cpu
