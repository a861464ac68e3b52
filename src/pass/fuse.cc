#include "pass/fuse.h"

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>

#include "ir/builder.h"
#include "ir/op_info.h"
#include "ir/regions.h"
#include "pass/dead_code.h"
#include "pass/rewrite.h"

namespace gnomon::pass {
namespace {

using ir::Program;
using ir::Value;
using Members = std::vector<std::uint32_t>;  // in program order

constexpr std::size_t largest_region = 64;
constexpr std::uint32_t longest_stretch = 16;  // of program order, between producer and consumer
constexpr std::size_t longest_search = 64;     // regions visited in search of a circle
constexpr int most_recomputed = 24;            // nodes, to make one value anew

template <typename... Ops>
bool is_any(const ir::Op& op) {
  return (std::holds_alternative<Ops>(op) || ...);
}

bool is_contraction(const ir::Op& op) {
  return is_any<ir::MatMul, ir::Convolution, ir::ConvolutionInputGradient,
                ir::ConvolutionWeightGradient>(op);
}

// Computed from next to nothing, so every region makes its own.
bool is_cheap_source(const ir::Op& op) { return is_any<ir::Full, ir::Broadcast>(op); }

bool can_join(const ir::Op& op) { return ir::sweeps(op) || is_contraction(op); }

// Members made one node: what it takes, what it yields, and its inner Program.
struct Region {
  std::vector<Value> inputs, outputs;
  Program body;
};

class Fusion {
 public:
  Fusion(const Program& program, const machine::Target& target)
      : program_(program), target_(target), uses_(ir::uses_of(program)), readers_(uses_) {
    for (std::uint32_t i = 0; i < program.nodes.size(); ++i) {
      group_of_.push_back(i);
      members_.push_back({i});
    }
    is_output_.resize(program.nodes.size(), false);
    for (const auto& output : program.outputs) is_output_[output.value.node] = true;
    find_what_reaches_contractions();
    find_recomputed();
    find_readers();
  }

  Program run() {
    for (std::uint32_t i = 0; i < program_.nodes.size(); ++i)
      if (ir::sweeps(program_.nodes[i].op)) grow_over(i);
    return remove_dead_code(emit());
  }

 private:
  const ir::Node& node(std::uint32_t index) const { return program_.nodes[index]; }
  const ir::Dims& space(std::uint32_t index) const {
    return ir::iteration_space(node(index), program_);
  }

  void find_what_reaches_contractions() {
    reaches_contraction_.resize(uses_.size(), false);
    for (auto i = uses_.size(); i-- > 0;)
      reaches_contraction_[i] = std::any_of(uses_[i].begin(), uses_[i].end(), [&](auto user) {
        return is_contraction(node(user).op) || reaches_contraction_[user];
      });
  }

  // ---- values that are not kept

  // A value that element-wise operators make of one other value of its size, which is kept anyway,
  // is made again by every region that reads it: that costs no more memory traffic than reading it
  // would, and saves writing it. Whoever reads such a value must be able to.
  void find_recomputed() {
    const auto count = static_cast<std::uint32_t>(program_.nodes.size());
    recomputed_.resize(count, 0);
    std::vector<std::uint32_t> kept(count);   // the value that it is made of
    std::vector<Members> contraction(count);  // that the value is the result of, and its epilogue
    for (std::uint32_t i = 0; i < count; ++i) {
      kept[i] = i;
      if (is_contraction(node(i).op)) contraction[i] = {i};
      if (!ir::is_elementwise(node(i).op) || node(i).inputs.empty()) continue;
      contraction[i] = continued(contraction, i);
      if (!contraction[i].empty() || is_needed(i)) continue;
      std::set<std::uint32_t> sources;
      int nodes = 1;
      for (const auto value : node(i).inputs) {
        if (is_cheap_source(node(value.node).op)) continue;
        sources.insert(kept[value.node]);
        nodes += recomputed_[value.node];
      }
      if (sources.size() != 1 || nodes > most_recomputed || !may_stand_for(*sources.begin(), i))
        continue;
      kept[i] = *sources.begin();
      recomputed_[i] = nodes;
    }
    for (auto i = count; i-- > 0;) {
      if (!ir::sweeps(node(i).op) || target_.fuses(region({i}).body)) continue;
      for (const auto value : node(i).inputs) recomputed_[value.node] = 0;
    }
  }

  // The contraction whose epilogue the node continues, with it; empty if there is none: its result
  // is then kept, in full precision and at no cost.
  Members continued(const std::vector<Members>& contraction, std::uint32_t index) const {
    for (const auto value : node(index).inputs) {
      if (contraction[value.node].empty() || uses_[value.node].size() != 1) continue;
      Members members = contraction[value.node];
      members.push_back(index);
      if (epilogue_is_simple(members) && target_.fuses(region(members).body)) return members;
    }
    return {};
  }

  // Whether regions may read `source` in place of what is made of it: it is kept in any case and no
  // wider. States are written over, in time, and constants need no making.
  bool may_stand_for(std::uint32_t source, std::uint32_t value) const {
    const ir::Op& op = node(source).op;
    if (is_any<ir::Read>(op) || ir::is_constant(op)) return false;
    if (bits(program_.type({source, 0}).dtype) > bits(program_.type({value, 0}).dtype))
      return false;
    return !ir::is_elementwise(op) || is_needed(source) || uses_[source].size() > 1;
  }

  // By something that does not make it again.
  bool is_needed(std::uint32_t index) const {
    return is_output_[index] ||
           std::any_of(uses_[index].begin(), uses_[index].end(),
                       [&](std::uint32_t user) { return !ir::sweeps(node(user).op); });
  }

  bool is_recomputed(std::uint32_t index) const { return recomputed_[index] > 0; }
  bool is_copied(std::uint32_t index) const {
    return is_cheap_source(node(index).op) || is_recomputed(index);
  }

  // Who reads a value where it is kept: its users, and through recomputed ones theirs.
  void find_readers() {
    for (auto i = static_cast<std::uint32_t>(uses_.size()); i-- > 0;) {
      auto& readers = readers_[i];
      for (const auto user : uses_[i])
        if (is_recomputed(user))
          readers.insert(readers.end(), readers_[user].begin(), readers_[user].end());
      std::sort(readers.begin(), readers.end());
      readers.erase(std::unique(readers.begin(), readers.end()), readers.end());
    }
  }

  // ---- growth

  void grow_over(std::uint32_t consumer) {
    for (const auto value : node(consumer).inputs) {
      const auto producer = value.node;
      if (!can_join(node(producer).op) || space(producer) != space(consumer)) continue;
      const auto from = group_of_[producer], to = group_of_[consumer];
      if (from == to || consumer - members_[from].back() > longest_stretch) continue;
      if (may_merge(from, to, consumer)) merge(from, to);
    }
  }

  bool may_merge(std::uint32_t from, std::uint32_t to, std::uint32_t latest) const {
    const Members both = joined(from, to);
    if (both.size() > largest_region || !epilogue_is_simple(both)) return false;
    if (leads_round(from, to, latest) || leads_round(to, from, latest)) return false;
    return target_.fuses(region(both).body);
  }

  Members joined(std::uint32_t a, std::uint32_t b) const {
    Members both;
    std::merge(members_[a].begin(), members_[a].end(), members_[b].begin(), members_[b].end(),
               std::back_inserter(both));
    return both;
  }

  // Holds for regions without a contraction, too.
  bool epilogue_is_simple(const Members& members) const {
    const auto contractions = std::count_if(members.begin(), members.end(), [&](std::uint32_t m) {
      return is_contraction(node(m).op);
    });
    if (contractions == 0) return true;
    if (contractions > 1) return false;
    int results = 0;
    for (const auto m : members) {
      results += is_used_outside(m, members);
      if (is_contraction(node(m).op)) continue;
      if (ir::is_reduction(node(m).op) || is_kept_narrow(m)) return false;
      for (const auto value : node(m).inputs)
        if (!contains(members, value.node) && !is_cheap_source(node(value.node).op)) return false;
    }
    return results == 1;
  }

  // A conversion to more bits that regions can make as well as the contraction, while less is
  // written. What becomes an operand of contractions again has been rounded to few bits anyway;
  // what does not, such as the gradients of weights, is worth its bits.
  bool is_kept_narrow(std::uint32_t index) const {
    if (!is_any<ir::Convert>(node(index).op) || is_needed(index)) return false;
    const auto from = program_.type(node(index).inputs[0]).dtype;
    return bits(from) < bits(node(index).results[0].dtype) && reaches_contraction_[index];
  }

  static bool contains(const Members& members, std::uint32_t node) {
    return std::binary_search(members.begin(), members.end(), node);
  }

  bool is_used_outside(std::uint32_t index, const Members& members) const {
    if (is_output_[index]) return true;
    if (is_recomputed(index)) return false;
    return std::any_of(readers_[index].begin(), readers_[index].end(),
                       [&](std::uint32_t user) { return !contains(members, user); });
  }

  // Does a path lead from one group to another through a third? Nodes behind `latest` are not
  // grouped yet, so no path leads back from them.
  bool leads_round(std::uint32_t from, std::uint32_t to, std::uint32_t latest) const {
    std::set<std::uint32_t> visited = {from};
    std::vector<std::uint32_t> open = {from};
    while (!open.empty()) {
      const auto group = open.back();
      open.pop_back();
      for (const auto member : members_[group])
        for (const auto user : uses_[member]) {
          const auto next = group_of_[user];
          if (user > latest || (group == from && next == to)) continue;
          if (next == to) return true;
          if (!visited.insert(next).second) continue;
          if (visited.size() > longest_search) return true;
          open.push_back(next);
        }
    }
    return false;
  }

  void merge(std::uint32_t from, std::uint32_t to) {
    members_[from] = joined(from, to);
    for (const auto m : members_[to]) group_of_[m] = from;
    members_[to].clear();
  }

  // ---- bodies

  Region region(const Members& members) const {
    Region region;
    std::string name;
    for (const auto m : members) name += (name.empty() ? "" : "_") + std::string(op_name(m));
    ir::Builder b(name);
    std::map<Value, Value> inner;
    // Arguments first, in order of use.
    const std::function<void(Value)> take = [&](Value outer) {
      if (inner.contains(outer) || (contains(members, outer.node) && !is_recomputed(outer.node)))
        return;
      if (is_copied(outer.node)) {
        for (const auto operand : node(outer.node).inputs) take(operand);
        return;
      }
      region.inputs.push_back(outer);
      inner[outer] = b.input(fmt::format("x{}", region.inputs.size() - 1), program_.type(outer));
    };
    Members made = members;
    std::erase_if(made, [&](std::uint32_t m) { return is_recomputed(m); });  // where it is used
    if (made.empty()) made.push_back(members.back());  // as it is while nothing has joined yet
    for (const auto m : made)
      for (const auto value : node(m).inputs) take(value);
    const std::function<void(std::uint32_t)> copy = [&](std::uint32_t index) {
      std::vector<Value> operands;
      for (const auto value : node(index).inputs) {
        if (!inner.contains(value)) copy(value.node);
        operands.push_back(inner.at(value));
      }
      inner[{index, 0}] = b.append(node(index).op, operands)[0];
    };
    const auto yield = [&](std::uint32_t index) {
      b.output(fmt::format("y{}", region.outputs.size()), inner.at({index, 0}));
      region.outputs.push_back({index, 0});
    };
    for (const auto m : made) {
      copy(m);
      if (is_used_outside(m, members)) yield(m);
    }
    if (region.outputs.empty()) yield(made.back());
    region.body = b.finish();
    return region;
  }

  std::string_view op_name(std::uint32_t index) const { return ir::name(node(index).op); }

  // ---- the new program

  Program emit() {
    Rewrite rewrite(program_);
    for (const auto group : order()) {
      const Members& members = members_[group];
      if (!emit_region(rewrite, members)) rewrite.keep(members[0]);
    }
    return rewrite.finish();
  }

  bool emit_region(Rewrite& rewrite, const Members& members) const {
    if (!can_join(node(members[0]).op)) return false;
    if (std::none_of(members.begin(), members.end(),
                     [&](std::uint32_t m) { return is_used_outside(m, members); }))
      return true;  // made where it is used
    if (members.size() == 1) {
      const auto& inputs = node(members[0]).inputs;
      if (std::none_of(inputs.begin(), inputs.end(),
                       [&](Value value) { return is_copied(value.node); }))
        return false;
    }
    const Region made = region(members);
    if (members.size() == 1 && !target_.fuses(made.body)) return false;
    std::string label;
    for (const auto m : members)
      if (label.empty()) label = node(m).label;
    const auto results =
        rewrite.append(ir::Fused{ir::Region(made.body)}, rewrite.at(made.inputs), label);
    for (std::size_t i = 0; i < results.size(); ++i) rewrite.replace(made.outputs[i], results[i]);
    return true;
  }

  // Groups, operands before uses, otherwise by their last members.
  std::vector<std::uint32_t> order() const {
    std::vector<std::set<std::uint32_t>> users(members_.size());
    std::vector<std::size_t> waiting(members_.size(), 0);
    for (std::uint32_t i = 0; i < program_.nodes.size(); ++i)
      for (const auto user : uses_[i])
        if (group_of_[user] != group_of_[i] && users[group_of_[i]].insert(group_of_[user]).second)
          ++waiting[group_of_[user]];
    using Ready = std::pair<std::uint32_t, std::uint32_t>;  // last member, group
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    for (std::uint32_t g = 0; g < members_.size(); ++g)
      if (!members_[g].empty() && waiting[g] == 0) ready.emplace(members_[g].back(), g);
    std::vector<std::uint32_t> order;
    while (!ready.empty()) {
      const auto group = ready.top().second;
      ready.pop();
      order.push_back(group);
      for (const auto user : users[group])
        if (--waiting[user] == 0) ready.emplace(members_[user].back(), user);
    }
    const auto groups = members_.size() - static_cast<std::size_t>(std::count(
                                              members_.begin(), members_.end(), Members()));
    GNOMON_CHECK(order.size() == groups, "{}: fused regions depend on each other in a circle",
                 program_.name);
    return order;
  }

  const Program& program_;
  const machine::Target& target_;
  const std::vector<std::vector<std::uint32_t>> uses_;
  std::vector<std::vector<std::uint32_t>> readers_;  // by node
  std::vector<int> recomputed_;            // by node: how many it takes, 0 for a value that is kept
  std::vector<std::uint32_t> group_of_;    // by node
  std::vector<Members> members_;           // by group; a group is named by its first founder
  std::vector<bool> is_output_;            // by node
  std::vector<bool> reaches_contraction_;  // through other nodes, or at once
};

}  // namespace

Program fuse(const Program& program, const machine::Target& target) {
  return Fusion(program, target).run();
}

}  // namespace gnomon::pass
