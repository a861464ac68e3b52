#include "ir/op_info.h"

#include "base/error.h"
#include "ir/program.h"
#include "ir/regions.h"

namespace gnomon::ir {
namespace {

double points(const IndexSpace& space) {
  double count = 1;
  for (const auto& index : space.loops()) count *= static_cast<double>(space.size.at(index).size);
  return count;
}

template <typename O>
Flops flops(const O& op, std::span<const Type> operands, std::span<const Type> results) {
  double count = 0;
  bool contracts = false;
  if (const Rule rule = op.rule(); rule.is_none()) {
    count = static_cast<double>(element_count(bound_shape(results[0].dims)));
  } else {
    const auto space = index_space(O::name, rule, operands);
    count = points(space);
    contracts = operands.size() == 2 && !space.reductions.empty();
  }
  if constexpr (requires { O::flops_per_point; })
    return Flops(count * O::flops_per_point);
  else
    return Flops(count * (contracts ? 2 : 1));
}

void require_floats(std::string_view who, std::span<const Type> operands) {
  for (const auto& type : operands)
    if (!is_float(type.dtype))
      throw InputError("{}: takes floating-point elements, got {}", who, to_string(type));
}

void require_same_elements(std::string_view who, std::span<const Type> operands) {
  for (const auto& type : operands)
    if (type.dtype != operands[0].dtype)
      throw InputError("{}: element types differ: {} and {}", who, to_string(operands[0]),
                       to_string(type));
}

void require_no_token(std::string_view who, std::string_view does, std::span<const Type> types) {
  for (const auto& type : types)
    if (is_token(type))
      throw InputError("{}: {} data, not tokens, which order communication", who, does);
}

template <typename O>
std::vector<Type> infer_one(const O& op, std::span<const Type> operands) {
  const Rule rule = op.rule();
  std::vector<Dims> dims;
  if (!rule.is_none()) dims = index_space(O::name, rule, operands).result_dims();
  if constexpr (FloatsOnly<O>) require_floats(O::name, operands);
  if constexpr (Pointwise<O>) require_same_elements(O::name, operands);
  if constexpr (requires { op.infer(operands); }) {
    if constexpr (requires { O::operand_count; })
      if (operands.size() != O::operand_count)
        throw InputError("{}: takes {} operands, got {}", O::name, O::operand_count,
                         operands.size());
    return op.infer(operands);
  } else {
    std::vector<Type> results;
    for (auto& d : dims) results.push_back({operands[0].dtype, std::move(d)});
    if constexpr (requires { op.type; }) {
      if (results[0].dims != op.type.dims || results[0].dtype != op.type.dtype)
        throw InputError("{}: declared {}, but the operands give {}", O::name, to_string(op.type),
                         to_string(results[0]));
    }
    return results;
  }
}

}  // namespace

std::string_view name(const Op& op) {
  return std::visit([](const auto& o) { return o.name; }, op);
}

Rule rule(const Op& op) {
  return std::visit([](const auto& o) { return o.rule(); }, op);
}

std::vector<Type> infer(const Op& op, std::span<const Type> operands) {
  return std::visit(
      [&]<typename O>(const O& o) {
        if constexpr (requires { o.group; }) {
          return infer_one(o, operands);
        } else {
          require_no_token(O::name, "takes", operands);
          auto results = infer_one(o, operands);
          require_no_token(O::name, "yields", results);
          return results;
        }
      },
      op);
}

Gradient gradient(const Op& op, const GradientArgs& args) {
  return std::visit([&](const auto& o) { return o.gradient(args); }, op);
}

bool is_elementwise(const Op& op) {
  return std::visit(
      []<typename O>(const O& o) {
        if constexpr (!Pointwise<O> || std::is_same_v<O, Reorder>)
          return false;
        else {
          const Rule r = o.rule();
          return r.reductions().empty() && r.windows().empty() &&
                 r.operands()[0] == r.results()[0] && r.operands()[0] == Rule::Indices{"..."};
        }
      },
      op);
}

bool is_constant(const Op& op) {
  return std::holds_alternative<Constant>(op) || std::holds_alternative<Full>(op) ||
         std::holds_alternative<Iota>(op);
}

bool has_effect(const Op& op) {
  return std::visit(
      []<typename O>(const O&) {
        return requires { O::has_effect; };
      },
      op);
}

std::string_view group(const Op& op) {
  return std::visit(
      [](const auto& o) -> std::string_view {
        if constexpr (requires { o.group; })
          return o.group;
        else
          return {};
      },
      op);
}

std::int64_t ranks(const Op& op) {
  return std::visit(
      [](const auto& o) -> std::int64_t {
        if constexpr (requires { o.ranks; })
          return o.ranks;
        else
          return 0;
      },
      op);
}

Cost cost(const Op& op, std::span<const Type> operands, std::span<const Type> results) {
  return std::visit(
      [&]<typename O>(const O& o) -> Cost {
        if constexpr (requires { O::is_free; })
          return {};
        else if constexpr (requires { o.cost(operands, results); })
          return o.cost(operands, results);
        else
          return {flops(o, operands, results), bound_bytes(operands) + bound_bytes(results)};
      },
      op);
}

Flops program_flops(const Program& program) {
  Flops total;
  for (const auto& node : program.nodes) {
    std::vector<Type> operands;
    for (const auto value : node.inputs) operands.push_back(program.type(value));
    total += cost(node.op, operands, node.results).flops;
  }
  return total;
}

}  // namespace gnomon::ir
