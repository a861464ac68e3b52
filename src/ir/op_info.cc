#include "ir/op_info.h"

#include "base/error.h"
#include "ir/program.h"
#include "ir/regions.h"

namespace gnomon::ir {
namespace {

// Moving elements costs bytes, not operations.
template <typename O>
constexpr bool moves_only =
    std::is_same_v<O, Broadcast> || std::is_same_v<O, Reshape> || std::is_same_v<O, Transpose> ||
    std::is_same_v<O, Reorder> || std::is_same_v<O, Convert> || std::is_same_v<O, Full> ||
    std::is_same_v<O, OneHot> || std::is_same_v<O, Extent>;

template <typename O>
double flops_per_point(std::size_t operands, bool reduces) {
  if constexpr (requires { O::flops_per_point; })
    return O::flops_per_point;
  else if constexpr (moves_only<O>)
    return 0;
  else
    return operands == 2 && reduces ? 2 : 1;
}

double points(const IndexSpace& space) {
  double count = 1;
  for (const auto& index : space.loops()) count *= static_cast<double>(space.size.at(index).size);
  return count;
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

}  // namespace

std::string_view name(const Op& op) {
  return std::visit([](const auto& o) { return o.name; }, op);
}

Rule rule(const Op& op) {
  return std::visit([](const auto& o) { return o.rule(); }, op);
}

std::vector<Type> infer(const Op& op, std::span<const Type> operands) {
  return std::visit(
      [&]<typename O>(const O& o) -> std::vector<Type> {
        const Rule rule = o.rule();
        std::vector<Dims> dims;
        if (!rule.is_none()) dims = index_space(O::name, rule, operands).result_dims();
        if constexpr (floats_only<O>) require_floats(O::name, operands);
        if constexpr (Pointwise<O>) require_same_elements(O::name, operands);
        if constexpr (requires { o.infer(operands); }) {
          if constexpr (requires { O::operand_count; })
            if (operands.size() != O::operand_count)
              throw InputError("{}: takes {} operands, got {}", O::name, O::operand_count,
                               operands.size());
          return o.infer(operands);
        } else {
          std::vector<Type> results;
          for (auto& d : dims) results.push_back({operands[0].dtype, std::move(d)});
          if constexpr (requires { o.type; }) {
            if (results[0].dims != o.type.dims || results[0].dtype != o.type.dtype)
              throw InputError("{}: declared {}, but the operands give {}", O::name,
                               to_string(o.type), to_string(results[0]));
          }
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

bool has_effect(const Op& op) {
  return std::visit(
      []<typename O>(const O&) {
        return requires { O::has_effect; };
      },
      op);
}

Cost cost(const Op& op, std::span<const Type> operands, std::span<const Type> results) {
  Cost total;
  for (const auto& type : operands) total.bytes += bound_bytes(type);
  for (const auto& type : results) total.bytes += bound_bytes(type);
  std::visit(
      [&]<typename O>(const O& o) {
        if constexpr (std::is_same_v<O, Input> || std::is_same_v<O, Read> ||
                      std::is_same_v<O, Write> || std::is_same_v<O, Reshape> ||
                      std::is_same_v<O, Constant>) {
          total.bytes = Bytes(0);  // names for memory that is there already
        } else if constexpr (std::is_same_v<O, Extent>) {
          total.bytes = bound_bytes(results[0]);  // looks at the shape, not at the elements
        } else if constexpr (std::is_same_v<O, RandomUniform>) {
          total.flops = Flops(static_cast<double>(element_count(bound_shape(o.type.dims))));
        } else if constexpr (requires { o.body; }) {
          const double times = [&] {
            if constexpr (requires { o.count; })
              return static_cast<double>(o.count);
            else
              return 1.0;
          }();
          total.flops = program_flops(o.body.program()) * times;
          if (times != 1) total.bytes = total.bytes * times;
        } else if constexpr (std::is_same_v<O, If>) {
          total.flops =
              std::max(program_flops(o.then.program()), program_flops(o.otherwise.program()));
        } else if constexpr (!std::is_same_v<O, Full>) {
          const auto space = index_space(O::name, o.rule(), operands);
          total.flops =
              Flops(points(space) * flops_per_point<O>(operands.size(), !space.reductions.empty()));
        }
      },
      op);
  return total;
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
