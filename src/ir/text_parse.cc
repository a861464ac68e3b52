#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "ir/op_info.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace gnomon::ir {
namespace {

constexpr int deepest_nesting = 16;

template <std::size_t I = 0>
std::optional<Op> op_named(std::string_view wanted) {
  if constexpr (I == std::variant_size_v<Op>)
    return std::nullopt;
  else {
    using Candidate = std::variant_alternative_t<I, Op>;
    if (Candidate::name == wanted) return Op(Candidate{});
    return op_named<I + 1>(wanted);
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view file, const std::map<std::string, Blob>& blobs)
      : text_(text), file_(file), blobs_(blobs) {}

  Program whole() {
    Program program = parse_program(0);
    skip_space();
    if (at_ != text_.size()) fail("expected the end of the text");
    return program;
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw InputError("{}:{}: {}", file_, line, fmt::format(format, std::forward<Args>(args)...));
  }

  void skip_space() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
        ++at_;
      else
        return;
    }
  }
  bool take(std::string_view token) {
    skip_space();
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) fail("expected {} before {:?}", token, std::string(text_.substr(at_, 12)));
  }
  std::string word() {
    skip_space();
    const auto start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    if (start == at_) fail("expected a word before {:?}", std::string(text_.substr(at_, 12)));
    return std::string(text_.substr(start, at_ - start));
  }
  std::string string() {
    expect("\"");
    std::string result;
    while (true) {
      if (at_ >= text_.size() || text_[at_] == '\n') fail("unfinished string");
      const char c = text_[at_++];
      if (c == '"') return result;
      if (c != '\\') {
        result += c;
        continue;
      }
      if (at_ >= text_.size()) fail("unfinished string");
      result += text_[at_] == 'n' ? '\n' : text_[at_];
      ++at_;
    }
  }
  template <typename T>
  T number() {
    skip_space();
    T value{};
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc())
      fail("expected a number before {:?}", std::string(text_.substr(at_, 12)));
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  using Symbols = std::map<std::string, std::int64_t>;

  Program parse_program(int depth) {
    if (depth > deepest_nesting) fail("inner programs nest more than {} deep", deepest_nesting);
    expect("program");
    Program program;
    program.name = string();
    expect("{");
    Symbols symbols;
    std::vector<Value> values;
    while (!take("}")) {
      skip_space();
      if (at_ < text_.size() && text_[at_] == '%') {
        parse_definition(program, values, symbols, depth);
        continue;
      }
      const auto keyword = word();
      if (keyword == "dim") {
        const auto symbol = word();
        expect("<=");
        if (!symbols.emplace(symbol, number<std::int64_t>()).second)
          fail("dim {} is declared twice", symbol);
      } else if (keyword == "output") {
        auto output = string();
        expect("=");
        program.outputs.push_back({std::move(output), parse_value(values)});
      } else if (const auto role = role_named(keyword)) {
        program.states.push_back(parse_state(*role, symbols));
      } else {
        parse_node(program, values, symbols, depth, keyword, 0);
      }
    }
    return program;
  }

  static std::optional<Role> role_named(std::string_view text) {
    for (const auto role : {Role::parameter, Role::moment, Role::statistic})
      if (name(role) == text) return role;
    return std::nullopt;
  }

  State parse_state(Role role, const Symbols& symbols) {
    State state;
    state.role = role;
    state.name = string();
    expect(":");
    state.type = parse_type(symbols);
    state.layout = parse_layout();
    expect("=");
    const auto kind = word();
    bool known = false;
    for (const auto k : {Initial::Kind::constant, Initial::Kind::uniform, Initial::Kind::normal})
      if (name(k) == kind) state.initial.kind = k, known = true;
    if (!known) fail("unknown initial value {}; known are constant, uniform, normal", kind);
    expect("(");
    state.initial.scale = number<double>();
    expect(")");
    return state;
  }

  Value parse_value(const std::vector<Value>& values) {
    expect("%");
    const auto index = number<std::uint32_t>();
    if (index >= values.size()) fail("%{} is not defined before it is used", index);
    return values[index];
  }

  void parse_definition(Program& program, std::vector<Value>& values, const Symbols& symbols,
                        int depth) {
    std::size_t results = 0;
    do {
      expect("%");
      const auto index = number<std::uint32_t>();
      if (index != values.size() + results)
        fail("values are numbered in order: expected %{}, found %{}", values.size() + results,
             index);
      ++results;
    } while (take(","));
    expect("=");
    parse_node(program, values, symbols, depth, word(), results);
  }

  void parse_node(Program& program, std::vector<Value>& values, const Symbols& symbols, int depth,
                  const std::string& operator_name, std::size_t results) {
    auto op = op_named(operator_name);
    if (!op) fail("unknown operator {}", operator_name);
    Node node{std::move(*op), {}, {}, {}, {}};
    if (take("(")) do
        node.inputs.push_back(parse_value(values));
      while (take(","));
    if (!node.inputs.empty()) expect(")");
    parse_attributes(node.op, depth);
    if (results > 0) expect(":");
    bool annotated = false;
    for (std::size_t i = 0; i < results; ++i) {
      if (i > 0) expect(",");
      node.results.push_back(parse_type(symbols));
      node.layouts.push_back(parse_layout());
      annotated = annotated || !node.layouts.back().is_row_major();
      values.push_back(
          {static_cast<std::uint32_t>(program.nodes.size()), static_cast<std::uint32_t>(i)});
    }
    if (!annotated) node.layouts.clear();
    const auto end_of_types = at_;
    skip_space();
    if (at_ < text_.size() && text_[at_] == '"')
      node.label = string();
    else
      at_ = end_of_types;  // so that a wrong node is reported at its own line
    std::visit(
        [&](auto& o) {
          if constexpr (requires { o.type; }) {
            if (results == 0) fail("{} has a result", operator_name);
            o.type = node.results[0];
          }
        },
        node.op);
    check(program, node);
    program.nodes.push_back(std::move(node));
  }

  // Reports a wrong node at its own line; the verifier checks the rest at the end.
  void check(const Program& program, const Node& node) const {
    std::vector<Type> operands;
    for (const auto value : node.inputs) operands.push_back(program.type(value));
    std::vector<Type> inferred;
    try {
      inferred = infer(node.op, operands);
    } catch (const InputError& error) {
      fail("{}", error.what());
    }
    if (inferred != node.results) {
      std::string given;
      for (const auto& type : inferred) given += (given.empty() ? "" : ", ") + to_string(type);
      fail("{}: the result is {}, not as declared", name(node.op),
           given.empty() ? "nothing" : given);
    }
  }

  void parse_attributes(Op& op, int depth) {
    bool open = false, first = true;
    std::visit(
        [&](auto& o) {
          for_each_attribute(o, [&](std::string_view attribute, auto& value) {
            if (first)
              expect("{"), open = true;
            else
              expect(",");
            first = false;
            expect(attribute);
            expect("=");
            read(value, depth);
          });
        },
        op);
    if (open) expect("}");
  }

  void read(std::int64_t& value, int) { value = number<std::int64_t>(); }
  void read(double& value, int) { value = number<double>(); }
  void read(bool& value, int) {
    if (take("true"))
      value = true;
    else
      expect("false"), value = false;
  }
  void read(Reduction& value, int) {
    if (take(name(Reduction::max)))
      value = Reduction::max;
    else
      expect(name(Reduction::sum)), value = Reduction::sum;
  }
  void read(DType& value, int) { value = parse_dtype(); }
  void read(std::string& value, int) { value = string(); }
  void read(std::vector<std::int64_t>& value, int) {
    value.clear();
    expect("[");
    if (take("]")) return;
    do value.push_back(number<std::int64_t>());
    while (take(","));
    expect("]");
  }
  void read(Region& value, int depth) { value = Region(parse_program(depth + 1)); }
  void read(Blob& value, int) {
    if (take("blob")) {
      const auto hash = string();
      const auto found = blobs_.find(hash);
      if (found == blobs_.end()) fail("constant {} is not among the blobs given", hash);
      value = found->second;
      return;
    }
    const Type type = parse_type({});
    const auto shape = bound_shape(type.dims);
    const auto count = element_count(shape);
    if (count > 1024) fail("a constant of {} elements is not written out", count);
    Tensor exact(is_float(type.dtype) ? DType::f64 : DType::i64, shape);
    expect("(");
    for (std::int64_t i = 0; i < count; ++i) {
      if (i > 0) expect(",");
      const auto at = static_cast<std::size_t>(i);
      if (is_float(type.dtype))
        exact.span<double>()[at] = number<double>();
      else
        exact.span<std::int64_t>()[at] = number<std::int64_t>();
    }
    expect(")");
    value = Blob(convert(exact, type.dtype));
  }

  DType parse_dtype() {
    const auto text = word();
    const auto dtype = dtype_named(text);
    if (!dtype) fail("unknown element type {}", text);
    return *dtype;
  }

  Type parse_type(const Symbols& symbols) {
    Type type;
    type.dtype = parse_dtype();
    expect("[");
    if (take("]")) return type;
    do {
      if (type.dims.size() == most_dims) fail("more than {} dimensions", most_dims);
      skip_space();
      if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
        type.dims.emplace_back(number<std::int64_t>());
        continue;
      }
      const auto symbol = word();
      const auto found = symbols.find(symbol);
      if (found == symbols.end())
        fail("symbol {} has no bound; write `dim {} <= N` first", symbol, symbol);
      type.dims.emplace_back(symbol, found->second);
    } while (take(","));
    expect("]");
    try {
      element_count(bound_shape(type.dims));
    } catch (const InputError& error) {
      fail("{}", error.what());
    }
    return type;
  }

  Layout parse_layout() {
    if (!take("@")) return {};
    return {word()};
  }

  std::string_view text_;
  std::string_view file_;
  const std::map<std::string, Blob>& blobs_;
  std::size_t at_ = 0;
};

}  // namespace

Program parse(std::string_view text, std::string_view file,
              const std::map<std::string, Blob>& blobs) {
  Program program = Parser(text, file, blobs).whole();
  try {
    verify(program);
  } catch (const InputError& error) {
    throw InputError("{}: {}", file, error.what());
  }
  return program;
}

}  // namespace gnomon::ir
