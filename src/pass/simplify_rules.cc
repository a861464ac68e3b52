#include "pass/simplify_rules.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/op_info.h"
#include "pass/simplify.h"

namespace gnomon::pass {
namespace {

using ir::Value;
using Operands = std::vector<Value>;
using Match = std::optional<Value>;
using Axes = std::vector<std::int64_t>;

// True if every number of `from` is a number of `to`.
bool represents(DType to, DType from) {
  if (to == from) return true;
  switch (from) {
    case DType::bf16:
      return to == DType::f32 || to == DType::f64;
    case DType::f32:
    case DType::i32:
      return to == DType::f64 || (from == DType::i32 && to == DType::i64);
    case DType::i8:
    case DType::u8:
      return is_float(to) || to == DType::i32 || to == DType::i64;
    default:
      return false;
  }
}

double rounded(double value, DType dtype) {
  if (dtype == DType::f64) return value;
  const auto f = static_cast<float>(value);
  return dtype == DType::f32 ? f : static_cast<float>(Bf16(f));
}

std::optional<double> constant(const Simplifier& s, Value value) {
  const auto* full = s.made_by<ir::Full>(value);
  if (full == nullptr) return std::nullopt;
  return is_float(full->type.dtype) ? rounded(full->value, full->type.dtype) : full->value;
}

bool is_constant(const Simplifier& s, Value value, double number) {
  return constant(s, value) == number;
}

Axes iota(std::size_t rank) {
  Axes axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

// ---- conversions

Match convert_to_own_type(Simplifier& s, const ir::Convert& op, const Operands& x) {
  if (s.type(x[0]).dtype != op.dtype) return {};
  return x[0];
}

Match convert_of_convert(Simplifier& s, const ir::Convert& op, const Operands& x) {
  const auto* inner = s.made_by<ir::Convert>(x[0]);
  if (inner == nullptr) return {};
  const Value source = s.operand_of(x[0]);
  if (!represents(inner->dtype, s.type(source).dtype)) return {};  // the inner one rounds
  return s.emit(op, {source});
}

Match convert_of_full(Simplifier& s, const ir::Convert& op, const Operands& x) {
  const auto value = constant(s, x[0]);
  if (!value || !is_float(op.dtype) || !is_float(s.type(x[0]).dtype)) return {};
  return s.emit(ir::Full{*value, {op.dtype, s.type(x[0]).dims}}, {});
}

// A value that is to be narrower is so from the start: the region that makes it writes less.
Match narrowed_reshape(Simplifier& s, const ir::Convert& op, const Operands& x) {
  const auto* reshape = s.made_by<ir::Reshape>(x[0]);
  if (reshape == nullptr || bits(op.dtype) >= bits(reshape->type.dtype)) return {};
  const ir::Type type{op.dtype, reshape->type.dims};
  return s.emit(ir::Reshape{type}, {s.emit(op, {s.operand_of(x[0])})});
}

// ---- constants

template <typename T>
double evaluate(const ir::Op& op, const std::vector<double>& x) {
  return std::visit(
      [&]<typename O>(const O&) -> double {
        if constexpr (requires { O::point(T{}); })
          return static_cast<double>(O::point(static_cast<T>(x[0])));
        else if constexpr (requires { O::point(T{}, T{}); })
          return static_cast<double>(O::point(static_cast<T>(x[0]), static_cast<T>(x[1])));
        else
          return NAN;
      },
      op);
}

Match elementwise_of_full(Simplifier& s, const ir::Op& op, const Operands& x) {
  if (!ir::is_elementwise(op) || std::holds_alternative<ir::Convert>(op)) return {};
  const ir::Type& type = s.type(x[0]);
  if (!is_float(type.dtype)) return {};
  std::vector<double> values;
  for (const auto operand : x) {
    const auto value = constant(s, operand);
    if (!value) return {};
    values.push_back(*value);
  }
  const double result =
      rounded(type.dtype == DType::f64 ? evaluate<double>(op, values) : evaluate<float>(op, values),
              type.dtype);
  if (!std::isfinite(result)) return {};  // left where a debugger will look for it
  return s.emit(ir::Full{result, type}, {});
}

Match moved_full(Simplifier& s, const ir::Op& op, const Operands& x) {
  if (x.size() != 1) return {};
  const auto* full = s.made_by<ir::Full>(x[0]);
  if (full == nullptr) return {};
  if (!std::holds_alternative<ir::Broadcast>(op) && !std::holds_alternative<ir::Reshape>(op) &&
      !std::holds_alternative<ir::Transpose>(op))
    return {};
  const double value = full->value;
  return s.emit(ir::Full{value, ir::infer(op, std::vector{s.type(x[0])})[0]}, {});
}

Match extent_of_known_size(Simplifier& s, const ir::Extent& op, const Operands& x) {
  const ir::Type& type = s.type(x[0]);
  double count = 1;
  for (const auto axis : op.axes) {
    const ir::Dim& dim = type.dims[static_cast<std::size_t>(axis)];
    if (dim.is_symbol()) return {};
    count *= static_cast<double>(dim.size);
  }
  return s.emit(ir::Full{count, {type.dtype, {}}}, {});
}

// ---- arithmetic

Match add_zero(Simplifier& s, const ir::Add&, const Operands& x) {
  if (is_constant(s, x[1], 0)) return x[0];
  if (is_constant(s, x[0], 0)) return x[1];
  return {};
}

Match subtract_zero(Simplifier& s, const ir::Subtract&, const Operands& x) {
  if (!is_constant(s, x[1], 0)) return {};
  return x[0];
}

Match multiply_by_one(Simplifier& s, const ir::Multiply&, const Operands& x) {
  if (is_constant(s, x[1], 1)) return x[0];
  if (is_constant(s, x[0], 1)) return x[1];
  return {};
}

Match divide_by_one(Simplifier& s, const ir::Divide&, const Operands& x) {
  if (!is_constant(s, x[1], 1)) return {};
  return x[0];
}

Match multiply_integers_by_zero(Simplifier& s, const ir::Multiply&, const Operands& x) {
  if (is_float(s.type(x[0]).dtype)) return {};  // NaN * 0 is NaN
  if (is_constant(s, x[1], 0)) return x[1];
  if (is_constant(s, x[0], 0)) return x[0];
  return {};
}

Match double_negation(Simplifier& s, const ir::Negate&, const Operands& x) {
  if (!s.made_by<ir::Negate>(x[0])) return {};
  return s.operand_of(x[0]);
}

Match add_negated(Simplifier& s, const ir::Add&, const Operands& x) {
  if (s.made_by<ir::Negate>(x[1])) return s.emit(ir::Subtract{}, {x[0], s.operand_of(x[1])});
  if (s.made_by<ir::Negate>(x[0])) return s.emit(ir::Subtract{}, {x[1], s.operand_of(x[0])});
  return {};
}

Match subtract_negated(Simplifier& s, const ir::Subtract&, const Operands& x) {
  if (!s.made_by<ir::Negate>(x[1])) return {};
  return s.emit(ir::Add{}, {x[0], s.operand_of(x[1])});
}

Match relu_of_relu(Simplifier& s, const ir::Relu&, const Operands& x) {
  if (!s.made_by<ir::Relu>(x[0])) return {};
  return x[0];
}

Match maximum_of_one_value(Simplifier&, const ir::Maximum&, const Operands& x) {
  if (x[0] != x[1]) return {};
  return x[0];
}

// ---- moved elements

Match reshape_to_own_type(Simplifier& s, const ir::Reshape& op, const Operands& x) {
  if (op.type != s.type(x[0])) return {};
  return x[0];
}

Match reshape_of_reshape(Simplifier& s, const ir::Reshape& op, const Operands& x) {
  if (!s.made_by<ir::Reshape>(x[0])) return {};
  return s.emit(op, {s.operand_of(x[0])});
}

Match identity_transpose(Simplifier&, const ir::Transpose& op, const Operands& x) {
  if (op.permutation != iota(op.permutation.size())) return {};
  return x[0];
}

// What it moves are dimensions of one element.
Match transpose_that_moves_nothing(Simplifier& s, const ir::Transpose& op, const Operands& x) {
  const ir::Dims& dims = s.type(x[0]).dims;
  std::int64_t last = -1;
  for (const auto axis : op.permutation) {
    if (dims[static_cast<std::size_t>(axis)] == ir::Dim(1)) continue;
    if (axis < last) return {};
    last = axis;
  }
  return s.emit(ir::Reshape{ir::infer(op, std::vector{s.type(x[0])})[0]}, {x[0]});
}

Match transpose_of_transpose(Simplifier& s, const ir::Transpose& op, const Operands& x) {
  const auto* inner = s.made_by<ir::Transpose>(x[0]);
  if (inner == nullptr) return {};
  ir::Transpose both;
  for (const auto d : op.permutation)
    both.permutation.push_back(inner->permutation[static_cast<std::size_t>(d)]);
  return s.emit(both, {s.operand_of(x[0])});
}

Match broadcast_to_own_type(Simplifier& s, const ir::Broadcast& op, const Operands& x) {
  if (op.type != s.type(x[0])) return {};
  return x[0];
}

Match broadcast_of_broadcast(Simplifier& s, const ir::Broadcast& op, const Operands& x) {
  const auto* inner = s.made_by<ir::Broadcast>(x[0]);
  if (inner == nullptr) return {};
  ir::Broadcast both{{}, op.type};
  for (const auto axis : inner->axes) both.axes.push_back(op.axes[static_cast<std::size_t>(axis)]);
  return s.emit(both, {s.operand_of(x[0])});
}

// f(broadcast x, broadcast y) = broadcast f(x, y): fewer elements to compute.
Match elementwise_of_broadcasts(Simplifier& s, const ir::Op& op, const Operands& x) {
  if (!ir::is_elementwise(op)) return {};
  const Value* first = nullptr;
  for (const auto& operand : x) {
    const auto* broadcast = s.made_by<ir::Broadcast>(operand);
    if (broadcast == nullptr && !constant(s, operand)) return {};
    if (broadcast == nullptr) continue;
    if (first != nullptr && s.made_by<ir::Broadcast>(*first)->axes != broadcast->axes) return {};
    first = &operand;
  }
  if (first == nullptr) return {};
  const Axes axes = s.made_by<ir::Broadcast>(*first)->axes;
  const ir::Dims dims = s.type(*first).dims;
  const ir::Type small = s.type(s.operand_of(*first));
  Operands sources;
  for (const auto operand : x) {
    const auto value = constant(s, operand);
    sources.push_back(value ? s.emit(ir::Full{*value, {s.type(operand).dtype, small.dims}}, {})
                            : s.operand_of(operand));
  }
  const Value result = s.emit(op, sources);
  return s.emit(ir::Broadcast{axes, {s.type(result).dtype, dims}}, {result});
}

bool swaps_last_two(const Axes& permutation) {
  Axes swapped = iota(permutation.size());
  if (swapped.size() < 2) return false;
  std::swap(swapped.end()[-1], swapped.end()[-2]);
  return permutation == swapped;
}

Match transpose_into_matmul(Simplifier& s, const ir::MatMul& op, const Operands& x) {
  const auto swapped = [&](Value value) {
    const auto* transpose = s.made_by<ir::Transpose>(value);
    return transpose != nullptr && swaps_last_two(transpose->permutation);
  };
  if (swapped(x[0]))
    return s.emit(ir::MatMul{!op.transpose_lhs, op.transpose_rhs}, {s.operand_of(x[0]), x[1]});
  if (swapped(x[1]))
    return s.emit(ir::MatMul{op.transpose_lhs, !op.transpose_rhs}, {x[0], s.operand_of(x[1])});
  return {};
}

// ---- reductions

Match sum_over_nothing(Simplifier&, const ir::Sum& op, const Operands& x) {
  if (!op.axes.empty()) return {};
  return x[0];
}

Match max_over_nothing(Simplifier&, const ir::Max& op, const Operands& x) {
  if (!op.axes.empty()) return {};
  return x[0];
}

Match sum_over_extents_of_one(Simplifier& s, const ir::Sum& op, const Operands& x) {
  const ir::Type& type = s.type(x[0]);
  ir::Type result{type.dtype, {}};
  for (std::size_t d = 0; d < type.rank(); ++d) {
    const ir::Dim& dim = type.dims[d];
    if (std::find(op.axes.begin(), op.axes.end(), static_cast<std::int64_t>(d)) == op.axes.end())
      result.dims.push_back(dim);
    else if (dim.is_symbol() || dim.size != 1)
      return {};
  }
  return s.emit(ir::Reshape{result}, {x[0]});
}

// The sum over `axes` of a value that is linear in values whose sums over them are known already,
// or in values less their own mean, made of those sums. The gradients of normalisations need it.
// nullopt otherwise.
class LinearSum {
 public:
  LinearSum(Simplifier& s, const ir::Sum& op, const ir::Type& operand)
      : s_(s), op_(op), kept_{operand.dtype, {}} {
    for (std::int64_t d = 0; d < op.rank; ++d)
      if (std::find(op.axes.begin(), op.axes.end(), d) == op.axes.end()) {
        kept_axes_.push_back(d);
        kept_.dims.push_back(operand.dims[static_cast<std::size_t>(d)]);
      }
  }

  // Of what the operator that makes `x` puts together.
  Match of_parts(Value x, int depth) {
    if (depth > deepest) return {};
    if (s_.made_by<ir::Negate>(x) != nullptr) {
      const Match sum = of(s_.operand_of(x), depth);
      return sum ? s_.emit(ir::Negate{}, {*sum}) : Match();
    }
    if (s_.made_by<ir::Add>(x) != nullptr) return of_both(x, ir::Add{}, depth);
    if (s_.made_by<ir::Subtract>(x) != nullptr) {
      const Match centred = of_centred(x);
      return centred ? centred : of_both(x, ir::Subtract{}, depth);
    }
    if (s_.made_by<ir::Multiply>(x) != nullptr) {
      const Match scaled = times(s_.operand_of(x, 0), s_.operand_of(x, 1), ir::Multiply{}, depth);
      return scaled ? scaled
                    : times(s_.operand_of(x, 1), s_.operand_of(x, 0), ir::Multiply{}, depth);
    }
    if (s_.made_by<ir::Divide>(x) != nullptr)
      return times(s_.operand_of(x, 0), s_.operand_of(x, 1), ir::Divide{}, depth);
    return {};
  }

 private:
  static constexpr int deepest = 8;

  Match of(Value x, int depth) {
    if (const auto sum = s_.known(op_, {x})) return sum;
    return of_parts(x, depth + 1);
  }

  // Σ(x - mean) = Σx - n·mean, where the mean is made of Σx: what rounds in one rounds in the other.
  // Of another value it would not: the known sum is rounded already, and little may be left of it.
  Match of_centred(Value x) {
    const auto sum = s_.known(op_, {s_.operand_of(x)});
    const Match mean = sum ? even(s_.operand_of(x, 1)) : Match();
    if (!mean || !is_scaled(*mean, *sum)) return {};
    const Value count = s_.emit(ir::Extent{op_.axes}, {s_.operand_of(x)});
    const Value all = s_.emit(ir::Multiply{}, {*mean, s_.emit(ir::Broadcast{{}, kept_}, {count})});
    return s_.emit(ir::Subtract{}, {*sum, all});
  }

  bool is_scaled(Value value, Value of) const {
    const bool scales =
        s_.made_by<ir::Divide>(value) != nullptr || s_.made_by<ir::Multiply>(value) != nullptr;
    return scales && s_.operand_of(value) == of;
  }

  Match of_both(Value x, const ir::Op& op, int depth) {
    const Match first = of(s_.operand_of(x, 0), depth);
    if (!first) return {};
    const Match second = of(s_.operand_of(x, 1), depth);
    return second ? s_.emit(op, {*first, *second}) : Match();
  }

  Match times(Value x, Value factor, const ir::Op& op, int depth) {
    const Match by = even(factor);
    if (!by) return {};
    const Match sum = of(x, depth);
    return sum ? s_.emit(op, {*sum, *by}) : Match();
  }

  // A value that is the same all along the axes, without them.
  Match even(Value x) {
    if (const auto number = constant(s_, x)) return s_.emit(ir::Full{*number, kept_}, {});
    const auto* broadcast = s_.made_by<ir::Broadcast>(x);
    if (broadcast == nullptr) return {};
    Axes axes;
    for (const auto axis : broadcast->axes) {
      const auto kept = std::find(kept_axes_.begin(), kept_axes_.end(), axis);
      if (kept == kept_axes_.end()) return {};
      axes.push_back(kept - kept_axes_.begin());
    }
    return s_.emit(ir::Broadcast{axes, kept_}, {s_.operand_of(x)});
  }

  Simplifier& s_;
  const ir::Sum& op_;
  Axes kept_axes_;
  ir::Type kept_;
};

Match sum_of_known_sums(Simplifier& s, const ir::Sum& op, const Operands& x) {
  const ir::Type& type = s.type(x[0]);
  if (type.dtype != DType::f32 && type.dtype != DType::f64) return {};
  const ir::Type operand = type;
  return LinearSum(s, op, operand).of_parts(x[0], 0);
}

// ---- the table

using Rule = Match (*)(Simplifier&, const ir::Op&, const Operands&);

struct NamedRule {
  std::string_view name;
  Rule apply;
};

// A rule about one operator, as a rule about any.
template <auto rule>
struct Only;
template <typename O, Match (*rule)(Simplifier&, const O&, const Operands&)>
struct Only<rule> {
  static Match apply(Simplifier& s, const ir::Op& op, const Operands& x) {
    if constexpr (std::is_same_v<O, ir::Op>) {
      return rule(s, op, x);
    } else {
      const auto* o = std::get_if<O>(&op);
      return o == nullptr ? Match() : rule(s, *o, x);
    }
  }
};

constexpr NamedRule rules[] = {
    {"convert to own type", Only<convert_to_own_type>::apply},
    {"convert of convert", Only<convert_of_convert>::apply},
    {"convert of full", Only<convert_of_full>::apply},
    {"narrowed reshape", Only<narrowed_reshape>::apply},
    {"element-wise of full", Only<elementwise_of_full>::apply},
    {"moved full", Only<moved_full>::apply},
    {"extent of known size", Only<extent_of_known_size>::apply},
    {"add zero", Only<add_zero>::apply},
    {"subtract zero", Only<subtract_zero>::apply},
    {"multiply by one", Only<multiply_by_one>::apply},
    {"divide by one", Only<divide_by_one>::apply},
    {"multiply integers by zero", Only<multiply_integers_by_zero>::apply},
    {"double negation", Only<double_negation>::apply},
    {"add negated", Only<add_negated>::apply},
    {"subtract negated", Only<subtract_negated>::apply},
    {"relu of relu", Only<relu_of_relu>::apply},
    {"maximum of one value", Only<maximum_of_one_value>::apply},
    {"reshape to own type", Only<reshape_to_own_type>::apply},
    {"reshape of reshape", Only<reshape_of_reshape>::apply},
    {"identity transpose", Only<identity_transpose>::apply},
    {"transpose that moves nothing", Only<transpose_that_moves_nothing>::apply},
    {"transpose of transpose", Only<transpose_of_transpose>::apply},
    {"broadcast to own type", Only<broadcast_to_own_type>::apply},
    {"broadcast of broadcast", Only<broadcast_of_broadcast>::apply},
    {"element-wise of broadcasts", Only<elementwise_of_broadcasts>::apply},
    {"transpose into matmul", Only<transpose_into_matmul>::apply},
    {"sum over nothing", Only<sum_over_nothing>::apply},
    {"max over nothing", Only<max_over_nothing>::apply},
    {"sum over extents of one", Only<sum_over_extents_of_one>::apply},
    {"sum of known sums", Only<sum_of_known_sums>::apply},
};

}  // namespace

std::optional<Value> apply_rules(Simplifier& s, const ir::Op& op, const Operands& inputs) {
  for (const auto& rule : rules)
    if (auto value = rule.apply(s, op, inputs)) return value;
  return {};
}

std::vector<std::string_view> simplify_rules() {
  std::vector<std::string_view> names;
  for (const auto& rule : rules) names.push_back(rule.name);
  return names;
}

}  // namespace gnomon::pass
