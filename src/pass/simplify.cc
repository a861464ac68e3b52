#include "pass/simplify.h"

#include <algorithm>
#include <unordered_map>

#include "ir/op_info.h"
#include "ir/regions.h"
#include "pass/dead_code.h"
#include "pass/rewrite.h"
#include "pass/simplify_rules.h"

namespace gnomon::pass {
namespace {

using ir::Program;
using ir::Value;

// Equal operators on equal operands have equal results; what names its type is told apart by it.
std::size_t hash_of(const ir::Op& op, const std::vector<Value>& inputs,
                    const std::vector<ir::Type>& results) {
  std::size_t hash = op.index();
  const auto mix = [&](std::size_t x) { hash = (hash ^ x) * 0x9e3779b97f4a7c15u + (hash >> 29); };
  for (const auto value : inputs) mix(value.node), mix(value.result);
  std::visit(
      [&](const auto& o) {
        if constexpr (requires { o.type.dims; })
          for (const auto& dim : o.type.dims) mix(static_cast<std::size_t>(dim.size));
      },
      op);
  if (!inputs.empty()) return hash;
  for (const auto& type : results) {
    mix(static_cast<std::size_t>(type.dtype));
    for (const auto& dim : type.dims) mix(static_cast<std::size_t>(dim.size));
  }
  return hash;
}

// Equal operands give equal results; names for what is there already are one of a kind anyway.
bool may_share(const ir::Op& op) {
  return !ir::has_effect(op) && !std::holds_alternative<ir::Input>(op) &&
         !std::holds_alternative<ir::Read>(op);
}

class Sweep final : public Simplifier {
 public:
  explicit Sweep(const Program& source) : rewrite_(source) {}

  Program run() {
    const auto& nodes = rewrite_.source().nodes;
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      label_ = nodes[i].label;
      const auto results = add(nodes[i].op, rewrite_.at(nodes[i].inputs));
      for (std::uint32_t r = 0; r < results.size(); ++r) rewrite_.replace({i, r}, results[r]);
    }
    return rewrite_.finish();
  }

  const Program& program() const override { return rewrite_.program(); }
  Value emit(ir::Op op, std::vector<Value> inputs) override {
    return add(std::move(op), std::move(inputs)).at(0);
  }
  std::optional<Value> known(const ir::Op& op, const std::vector<Value>& inputs) const override {
    const auto found = find(op, inputs, {});
    return found ? std::optional(Value{*found, 0}) : std::nullopt;
  }

 private:
  std::vector<Value> add(ir::Op op, std::vector<Value> inputs) {
    if (const auto simpler = apply_rules(*this, op, inputs)) return {*simpler};
    const bool shared = may_share(op);
    const auto results = rewrite_.append(std::move(op), std::move(inputs), label_);
    if (!shared) return results;
    const auto fresh = static_cast<std::uint32_t>(program().nodes.size() - 1);
    const ir::Node& node = program().nodes[fresh];
    if (const auto other = find(node.op, node.inputs, node.results)) {
      std::vector<Value> values;
      for (std::uint32_t r = 0; r < node.results.size(); ++r) values.push_back({*other, r});
      return values;  // the new node is dead
    }
    known_.emplace(hash_of(node.op, node.inputs, node.results), fresh);
    return results;
  }

  std::optional<std::uint32_t> find(const ir::Op& op, const std::vector<Value>& inputs,
                                    const std::vector<ir::Type>& results) const {
    const auto [begin, end] = known_.equal_range(hash_of(op, inputs, results));
    const auto found = std::find_if(begin, end, [&](const auto& entry) {
      const ir::Node& other = program().nodes[entry.second];
      return other.inputs == inputs && other.op == op &&
             (!inputs.empty() || other.results == results);
    });
    return found == end ? std::nullopt : std::optional(found->second);
  }

  Rewrite rewrite_;
  std::unordered_multimap<std::size_t, std::uint32_t> known_;
  std::string label_;
};

bool has_layouts(const Program& program) {
  for (const auto& node : program.nodes)
    if (!node.layouts.empty()) return true;
  return false;
}

Program to_fixed_point(const Program& program) {
  // Rules move values out of their producers' reach of one layout; a laid-out program keeps its.
  if (has_layouts(program)) return remove_dead_code(program);
  constexpr int limit = 32;  // each sweep shrinks or lowers the program; this many never happen
  Program current = remove_dead_code(program);
  for (int sweep = 0; sweep < limit; ++sweep) {
    Program next = remove_dead_code(Sweep(current).run());
    if (next == current) break;
    current = std::move(next);
  }
  return current;
}

}  // namespace

Program simplify(const Program& program) {
  return to_fixed_point(ir::map_regions(program, to_fixed_point));
}

}  // namespace gnomon::pass
