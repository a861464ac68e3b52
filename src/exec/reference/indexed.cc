#include "exec/reference/indexed.h"

#include <limits>
#include <optional>

#include "base/error.h"
#include "exec/reference/index_nest.h"

namespace gnomon::exec::reference {
namespace {

using Offsets = IndexNest::Offsets;

ir::IndexSpace space_of(const Call& call) {
  std::vector<ir::Type> operands;
  for (const auto* operand : call.operands)
    operands.push_back({operand->dtype(), {operand->shape().begin(), operand->shape().end()}});
  return ir::index_space(ir::name(call.node.op), ir::rule(call.node.op), operands);
}

std::optional<ir::Reduction> reduction_of(const ir::IndexSpace& space) {
  std::optional<ir::Reduction> reduction;
  for (const auto& [index, kind] : space.reductions) {
    GNOMON_CHECK(!reduction || *reduction == kind, "two kinds of reduction in one rule");
    reduction = kind;
  }
  return reduction;
}

// Elements are held as `T` (f64, f32 or i64) and computed as `A`.
template <typename T, typename A>
class Evaluation {
 public:
  Evaluation(const PointFunction<A>& point, const Call& call)
      : point_(point), call_(call), space_(space_of(call)), nest_(space_) {
    for (const auto* operand : call.operands) operands_.push_back(convert(*operand, dtype_of<T>()));
  }

  Tensor run() {
    const auto reduction = reduction_of(space_);
    const auto count = static_cast<std::size_t>(element_count(call_.result_shape()));
    result_.assign(count, reduction == ir::Reduction::max ? lowest() : A(0));
    if (!reduction)
      visit([](A& result, A value) { result = value; });
    else if (*reduction == ir::Reduction::sum)
      visit([](A& result, A value) { result += value; });
    else
      visit([](A& result, A value) { result = result < value ? value : result; });
    return rounded();
  }

 private:
  template <typename Combine>
  void visit(Combine combine) {
    const T* lhs = operands_[0].template span<T>().data();
    A* result = result_.data();
    if (operands_.size() == 1) {
      const auto f = point_.one;
      call_.points += nest_.for_each_row([=](Offsets at, const Offsets& step, std::int64_t n) {
        for (; n > 0; --n, at.lhs += step.lhs, at.result += step.result)
          combine(result[at.result], f(A(lhs[at.lhs])));
      });
    } else {
      const T* rhs = operands_[1].template span<T>().data();
      const auto f = point_.two;
      call_.points += nest_.for_each_row([=](Offsets at, const Offsets& step, std::int64_t n) {
        for (; n > 0; --n, at.lhs += step.lhs, at.rhs += step.rhs, at.result += step.result)
          combine(result[at.result], f(A(lhs[at.lhs]), A(rhs[at.rhs])));
      });
    }
  }

  static A lowest() {
    if constexpr (std::is_same_v<T, std::int64_t>)
      return std::numeric_limits<std::int64_t>::min();
    else
      return -std::numeric_limits<T>::infinity();
  }

  Tensor rounded() const {
    Tensor kept(dtype_of<T>(), call_.result_shape());
    std::transform(result_.begin(), result_.end(), kept.template span<T>().begin(), [](A value) {
      if constexpr (std::is_same_v<T, std::int64_t>)
        return static_cast<T>(
            std::clamp<A>(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
      else
        return value;
    });
    return convert(kept, call_.result_dtype());
  }

  PointFunction<A> point_;
  const Call& call_;
  ir::IndexSpace space_;
  IndexNest nest_;
  std::vector<Tensor> operands_;
  std::vector<A> result_;
};

}  // namespace

std::vector<Tensor> evaluate_indexed(const PointFunctions& point, const Call& call) {
  std::vector<Tensor> results;
  switch (call.result_dtype()) {
    case DType::f64:
      results.push_back(Evaluation<double, double>(point.f64, call).run());
      break;
    case DType::f32:
    case DType::bf16:
      results.push_back(Evaluation<float, float>(point.f32, call).run());
      break;
    default:
      results.push_back(Evaluation<std::int64_t, Wide>(point.integer, call).run());
  }
  return results;
}

}  // namespace gnomon::exec::reference
