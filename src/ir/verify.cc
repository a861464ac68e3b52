#include "ir/verify.h"

#include <set>

#include "base/error.h"
#include "ir/op_info.h"
#include "ir/regions.h"

namespace gnomon::ir {
namespace {

class Verifier {
 public:
  explicit Verifier(const Program& program) : program_(program) {}

  void run() {
    for (const auto& state : program_.states) {
      if (!names_.insert(state.name).second) fail("state {}: declared twice", state.name);
      require_data(state.type, "state", state.name);
    }
    for (std::uint32_t i = 0; i < program_.nodes.size(); ++i) check_node(i);
    std::set<std::string> outputs;
    for (const auto& output : program_.outputs) {
      check_value(output.value, program_.nodes.size(), output.name);
      if (!outputs.insert(output.name).second) fail("output {}: declared twice", output.name);
      require_data(program_.type(output.value), "output", output.name);
    }
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}: {}", program_.name, fmt::format(format, std::forward<Args>(args)...));
  }

  // What `check` gives; its errors name the node.
  template <typename Check>
  auto at(std::string_view where, const Check& check) const {
    try {
      return check();
    } catch (const InputError& error) {
      fail("{} {}", where, error.what());
    }
  }

  void check_value(Value value, std::size_t limit, std::string_view user) const {
    if (value.node >= limit || value.result >= program_.nodes[value.node].results.size())
      fail("{}: uses a value that is not defined before it", user);
  }

  void require_data(const Type& type, std::string_view what, std::string_view named) const {
    if (is_token(type)) fail("{} {}: is a token, which orders communication", what, named);
  }

  void check_node(std::uint32_t index) {
    const Node& node = program_.nodes[index];
    const auto where = fmt::format("%{} {}", index, name(node.op));
    std::vector<Type> operands;
    for (const auto value : node.inputs) {
      check_value(value, index, where);
      operands.push_back(program_.type(value));
    }
    const auto inferred = at(fmt::format("%{}", index), [&] { return infer(node.op, operands); });
    if (inferred != node.results)
      fail("{}: result types are not what the operator gives: {} instead of {}", where,
           list(node.results), list(inferred));
    if (!node.layouts.empty() && node.layouts.size() != node.results.size())
      fail("{}: {} layouts for {} results", where, node.layouts.size(), node.results.size());
    for (std::size_t i = 0; i < node.layouts.size(); ++i)
      at(where + ":", [&] { return parts(node.layouts[i], node.results[i].rank()); });
    for (const auto& type : node.results) check_symbols(type, where);
    if (const auto* read = std::get_if<Read>(&node.op)) check_read(*read, node, where);
    if (const auto* write = std::get_if<Write>(&node.op)) check_write(*write, operands[0], where);
    if (const auto* input = std::get_if<Input>(&node.op))
      if (!arguments_.insert(input->argument).second)
        fail("{}: argument {} is declared twice", where, input->argument);
    if (!group(node.op).empty()) check_order(index, where);
    for_each_region(node.op, [&](const Program& body) {
      if (!body.states.empty()) fail("{}: inner programs have no states", where);
      for (const auto& inner : body.nodes)
        if (!group(inner.op).empty())
          fail("{}: inner programs do not communicate (group {})", where, group(inner.op));
      verify(body);
    });
  }

  void check_symbols(const Type& type, const std::string& where) {
    at(where + ":", [&] { return element_count(bound_shape(type.dims)); });
    for (const auto& dim : type.dims) {
      if (dim.size < 0) fail("{}: negative extent in {}", where, to_string(type));
      if (!dim.is_symbol()) continue;
      const auto [entry, fresh] = symbols_.try_emplace(dim.symbol, dim.size);
      if (!fresh && entry->second != dim.size)
        fail("{}: symbol {} has two bounds, {} and {}", where, dim.symbol, entry->second, dim.size);
    }
  }

  const State& declared(const std::string& state, std::string_view where) const {
    const State* found = program_.state(state);
    if (found == nullptr) fail("{}: state {} is not declared", where, state);
    return *found;
  }

  void check_read(const Read& read, const Node& node, std::string_view where) {
    const State& state = declared(read.state, where);
    if (node.results[0] != state.type)
      fail("{}: state {} is {}, read as {}", where, read.state, to_string(state.type),
           to_string(node.results[0]));
    if (!read_.insert(read.state).second) fail("{}: state {} is read twice", where, read.state);
  }

  void check_write(const Write& write, const Type& type, std::string_view where) {
    const State& state = declared(write.state, where);
    if (type != state.type)
      fail("{}: state {} is {}, written as {}", where, write.state, to_string(state.type),
           to_string(type));
    if (!written_.insert(write.state).second)
      fail("{}: state {} is written twice", where, write.state);
  }

  // A node takes the token that the last one of its group left.
  void check_order(std::uint32_t index, std::string_view where) {
    const Node& node = program_.nodes[index];
    const auto of = group(node.op);
    const Value left{index, static_cast<std::uint32_t>(node.results.size() - 1)};
    auto& [last, size] = chains_[of];
    if (std::holds_alternative<Token>(node.op)) {
      if (last) fail("{}: group {} has its first token already, %{}", where, of, last->node);
      last = left;
      return;
    }
    const Value taken = node.inputs.back();
    if (const auto other = group(program_.nodes[taken.node].op); other != of)
      fail("{}: communicates in group {}, but takes a token of group {}", where, of, other);
    if (taken != last)
      fail("{}: takes the token of %{}; the last of group {} is that of %{}", where, taken.node, of,
           last->node);
    if (size != 0 && size != ranks(node.op))
      fail("{}: group {} has {} ranks, here {}", where, of, size, ranks(node.op));
    last = left, size = ranks(node.op);
  }

  static std::string list(const std::vector<Type>& types) {
    std::string text;
    for (const auto& type : types) text += (text.empty() ? "" : ", ") + to_string(type);
    return text.empty() ? "none" : text;
  }

  const Program& program_;
  std::set<std::string> names_, read_, written_, arguments_;
  std::map<std::string, std::int64_t> symbols_;

  struct Chain {
    std::optional<Value> last;  // token
    std::int64_t ranks = 0;     // unknown
  };
  std::map<std::string_view, Chain> chains_;  // by group
};

}  // namespace

void verify(const Program& program) { Verifier(program).run(); }

}  // namespace gnomon::ir
