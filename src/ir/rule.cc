#include "ir/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"

namespace gnomon::ir {
namespace {

constexpr std::string_view ellipsis = "...";

std::vector<std::string> split_on(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  for (const auto& word : split_on(text, ' '))
    if (!word.empty()) result.push_back(word);
  return result;
}

std::int64_t number(std::string_view word) {
  std::int64_t value = 0;
  const auto* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  GNOMON_CHECK(error == std::errc() && stop == end, "{} is no integer", word);
  return value;
}

Dim parse_extent(std::string_view word) {
  const auto bound = word.find("<=");
  if (bound == std::string_view::npos) return {number(word)};
  return {std::string(word.substr(0, bound)), number(word.substr(bound + 2))};
}

// "h = 2 y + r - 1"
Window parse_window(const std::vector<std::string>& clause) {
  Window window;
  window.source = clause[0];
  std::size_t at = 2;
  const auto next = [&] {
    GNOMON_CHECK(at < clause.size(), "window of {} breaks off", window.source);
    return clause[at++];
  };
  const auto term = [&](std::int64_t& factor, std::string& index) {
    index = next();
    if (!std::isdigit(static_cast<unsigned char>(index[0]))) return;
    factor = number(index);
    GNOMON_CHECK(factor > 0, "window of {}: a factor is 0", window.source);
    index = next();
  };
  term(window.stride, window.position);
  GNOMON_CHECK(next() == "+", "window of {}: expected +", window.source);
  term(window.dilation, window.tap);
  if (at == clause.size()) return window;
  GNOMON_CHECK(next() == "-", "window of {}: expected -", window.source);
  window.padding = number(next());
  GNOMON_CHECK(at == clause.size(), "window of {}: text behind it", window.source);
  return window;
}

std::vector<Rule::Indices> parse_sides(std::string_view text) {
  std::vector<Rule::Indices> sides;
  if (words(text).empty()) return sides;
  for (const auto& side : split_on(text, ',')) {
    auto indices = words(side);
    if (indices.size() == 1 && indices[0] == "()") indices.clear();  // a scalar
    sides.push_back(std::move(indices));
  }
  return sides;
}

// The dimensions that `...` stands for in one operand, or nullopt if it has none.
std::optional<Dims> ellipsis_dims(std::string_view who, const Rule::Indices& indices,
                                  const Type& type) {
  const bool open = std::find(indices.begin(), indices.end(), ellipsis) != indices.end();
  const std::size_t fixed = indices.size() - (open ? 1 : 0);
  if (open ? type.rank() < fixed : type.rank() != fixed)
    throw InputError("{}: expected an operand of {}{} dimensions ({}), got {}", who,
                     open ? "at least " : "", fixed, fmt::join(indices, " "), to_string(type));
  if (!open) return std::nullopt;
  const auto at = std::find(indices.begin(), indices.end(), ellipsis) - indices.begin();
  const auto begin = type.dims.begin() + at;
  return Dims(begin, begin + static_cast<std::ptrdiff_t>(type.rank() - fixed));
}

std::vector<Rule::Indices> expand(const std::vector<Rule::Indices>& sides, std::size_t rank) {
  std::vector<Rule::Indices> expanded;
  for (const auto& side : sides) {
    auto& indices = expanded.emplace_back();
    for (const auto& index : side) {
      if (index != ellipsis)
        indices.push_back(index);
      else
        for (std::size_t i = 0; i < rank; ++i) indices.push_back(fmt::format("...{}", i));
    }
  }
  return expanded;
}

std::string list(std::span<const Type> operands) {
  std::string text;
  for (const auto& type : operands) text += (text.empty() ? "" : ", ") + to_string(type);
  return text;
}

// Sizes the position of a window whose source and tap are known, or the source from the other two.
void size_window(std::string_view who, const Window& window, std::map<std::string, Dim>& size) {
  const auto known = [&](const std::string& index) {
    const auto found = size.find(index);
    GNOMON_CHECK(found != size.end(), "{}: extent of {} is unknown", who, index);
    if (found->second.is_symbol())
      throw InputError("{}: {} = {} is symbolic; windows need integers", who, index,
                       to_string(found->second));
    return found->second.size;
  };
  const auto span = window.dilation * (known(window.tap) - 1) + 1;
  const auto padded = known(window.source) + 2 * window.padding;
  if (padded < span)
    throw InputError("{}: a window of {} does not fit {} = {} with padding {}", who, span,
                     window.source, known(window.source), window.padding);
  const auto positions = Dim((padded - span) / window.stride + 1);
  const auto [entry, fresh] = size.try_emplace(window.position, positions);
  if (!fresh && entry->second != positions)
    throw InputError("{}: {} differs: {} = {} has {} positions, not {}", who, window.position,
                     window.source, known(window.source), positions.size, to_string(entry->second));
}

// Kept by a result, reduced, or seen through a window.
bool accounted_for(const Rule& rule, const std::string& index) {
  const auto shows = [&](const Rule::Indices& side) {
    return std::find(side.begin(), side.end(), index) != side.end();
  };
  return rule.results().empty() || rule.reductions().contains(index) ||
         std::any_of(rule.results().begin(), rule.results().end(), shows) ||
         std::any_of(rule.windows().begin(), rule.windows().end(),
                     [&](const Window& w) { return w.source == index; });
}

}  // namespace

std::string_view name(Reduction reduction) { return reduction == Reduction::sum ? "sum" : "max"; }

Rule::Rule(std::string_view text) {
  const auto clauses = split_on(text, ';');
  const auto arrow = clauses[0].find("->");
  GNOMON_CHECK(arrow != std::string::npos, "rule has no arrow: {}", text);
  operands_ = parse_sides(std::string_view(clauses[0]).substr(0, arrow));
  results_ = parse_sides(std::string_view(clauses[0]).substr(arrow + 2));
  for (std::size_t i = 1; i < clauses.size(); ++i) {
    const auto clause = words(clauses[i]);
    GNOMON_CHECK(clause.size() >= 2, "rule clause is too short: {}", text);
    if (clause[1] == "=")
      windows_.push_back(parse_window(clause));
    else if (clause[1] == ":" && clause.size() == 3)
      extents_[clause[0]] = parse_extent(clause[2]);
    else
      for (std::size_t k = 1; k < clause.size(); ++k) {
        if (clause[0] == "split")
          split_.insert(clause[k]);
        else if (clause[0] == "sum")
          reductions_[clause[k]] = Reduction::sum;
        else if (clause[0] == "max")
          reductions_[clause[k]] = Reduction::max;
        else
          GNOMON_CHECK(false, "unknown clause in rule: {}", text);
      }
  }
  for (const auto& side : operands_)
    for (const auto& index : side)
      GNOMON_CHECK(accounted_for(*this, index), "{} disappears without sum or max: {}", index,
                   text);
}

Rule Rule::none() {
  Rule rule;
  rule.none_ = true;
  return rule;
}

IndexSpace index_space(std::string_view who, const Rule& rule, std::span<const Type> operands) {
  GNOMON_CHECK(!rule.is_none(), "{} has no index rule", who);
  if (operands.size() != rule.operands().size())
    throw InputError("{}: takes {} operands, got {}", who, rule.operands().size(), operands.size());

  IndexSpace space;
  std::optional<Dims> open;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const auto dims = ellipsis_dims(who, rule.operands()[i], operands[i]);
    if (open && dims && *open != *dims)
      throw InputError("{}: shapes differ: {} and {} (operands {})", who, to_string(*open),
                       to_string(*dims), list(operands));
    if (dims) open = dims;
  }
  const std::size_t rank = open ? open->size() : 0;
  space.operands = expand(rule.operands(), rank);
  space.results = expand(rule.results(), rank);
  space.windows = rule.windows();
  space.size = rule.extents();
  for (const auto& [index, reduction] : rule.reductions()) {
    if (index != ellipsis)
      space.reductions[index] = reduction;
    else
      for (std::size_t i = 0; i < rank; ++i) space.reductions[fmt::format("...{}", i)] = reduction;
  }
  for (std::size_t i = 0; i < operands.size(); ++i)
    for (std::size_t d = 0; d < operands[i].rank(); ++d) {
      const auto& index = space.operands[i][d];
      const auto& dim = operands[i].dims[d];
      const auto [entry, fresh] = space.size.try_emplace(index, dim);
      if (!fresh && entry->second != dim)
        throw InputError("{}: {} differs: {} and {} (operands {})", who, index,
                         to_string(entry->second), to_string(dim), list(operands));
    }
  for (const auto& window : space.windows) size_window(who, window, space.size);
  return space;
}

std::vector<std::string> IndexSpace::loops() const {
  std::vector<std::string> order;
  const auto visit = [&](const std::string& index) {
    const bool source = std::any_of(windows.begin(), windows.end(),
                                    [&](const Window& w) { return w.source == index; });
    if (!source && std::find(order.begin(), order.end(), index) == order.end())
      order.push_back(index);
  };
  for (const auto& side : results)
    for (const auto& index : side) visit(index);
  for (const auto& window : windows) visit(window.position);
  for (const auto& side : operands)
    for (const auto& index : side) visit(index);
  for (const auto& window : windows) visit(window.tap);
  return order;
}

std::vector<Dims> IndexSpace::result_dims() const {
  std::vector<Dims> all;
  for (const auto& side : results) {
    auto& dims = all.emplace_back();
    for (const auto& index : side) {
      const auto found = size.find(index);
      GNOMON_CHECK(found != size.end(), "extent of {} is unknown", index);
      dims.push_back(found->second);
    }
  }
  return all;
}

}  // namespace gnomon::ir
