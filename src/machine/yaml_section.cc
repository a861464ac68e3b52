#include "machine/yaml_section.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::yaml {
namespace {

[[noreturn]] void fail_at_mark(const std::string& origin, const YAML::Mark& mark,
                               const std::string& what) {
  if (mark.is_null()) throw InputError("{}: {}", origin, what);
  throw InputError("{}:{}: {}", origin, mark.line + 1, what);
}

// Watches the parser, which reports every value before it descends into it, and stops it at the
// first that is out of bounds: neither its stack nor the tree it would build can grow beyond them.
class Bounds final : public YAML::EventHandler {
 public:
  explicit Bounds(const std::string& origin) : origin_(origin) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      fail_at_mark(origin_, mark, "a second document begins here; keep one to a file");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { count(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    fail_at_mark(origin_, mark, "aliases (*name) are not allowed; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    count(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    descend(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    descend(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void count(const YAML::Mark& mark) {
    if (++values_ > most_values)
      fail_at_mark(origin_, mark, fmt::format("more than {} values; write fewer", most_values));
  }
  void descend(const YAML::Mark& mark) {
    count(mark);
    if (++depth_ > deepest_nesting)
      fail_at_mark(
          origin_, mark,
          fmt::format("nested more than {} deep; check indentation and brackets", deepest_nesting));
  }

  const std::string& origin_;
  int documents_ = 0;
  int depth_ = 0;
  int values_ = 0;
};

}  // namespace

YAML::Node load(std::string_view text, const std::string& origin) {
  if (static_cast<double>(text.size()) > largest_file.value)
    throw InputError("{}: is larger than {}; write less", origin, to_string(largest_file));
  const std::string copy(text);
  try {
    std::istringstream stream(copy);
    YAML::Parser parser(stream);
    Bounds bounds(origin);
    while (parser.HandleNextDocument(bounds)) {
    }
    return YAML::Load(copy);
  } catch (const YAML::Exception& error) {
    fail_at_mark(origin, error.mark,
                 fmt::format("is not YAML: {}; check indentation, quotes and brackets", error.msg));
  }
}

void fail_at(const std::string& origin, const YAML::Node& node, const std::string& what) {
  fail_at_mark(origin, node.Mark(), what);
}

std::string scalar(const std::string& origin, const YAML::Node& node, std::string_view key) {
  if (!node.IsScalar())
    fail_at(origin, node,
            fmt::format("{}: is {}; write one value", key,
                        node.IsMap()        ? "a mapping"
                        : node.IsSequence() ? "a list"
                                            : "empty"));
  if (node.Scalar().empty())
    fail_at(origin, node, fmt::format("{}: is empty; write a value or leave the key out", key));
  return node.Scalar();
}

Section::Section(std::string origin, std::string path, const YAML::Node& node,
                 std::vector<std::string> known)
    : origin_(std::move(origin)), path_(std::move(path)), node_(node) {
  if (!node_.IsMap())
    fail_at(origin_, node_,
            (path_.empty() ? "" : path_ + ": ") + "is not a mapping; write 'key: value' lines");
  for (const auto& pair : node_) {
    if (!pair.first.IsScalar() || pair.first.Scalar().empty())
      fail_at(origin_, pair.first, "a key is not plain text; write 'key: value'");
    const std::string key = pair.first.Scalar();
    if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end())
      fail_at(origin_, pair.first,
              fmt::format("{}: unknown key; {}", full(key), suggest(key, known)));
    if (has(key)) fail_at(origin_, pair.first, full(key) + ": is given twice; keep one");
    entries_.push_back({key, pair.first, pair.second});
  }
}

bool Section::has(std::string_view key) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.key == key; });
}

const YAML::Node& Section::at(std::string_view key) const {
  return std::find_if(entries_.begin(), entries_.end(),
                      [&](const Entry& entry) { return entry.key == key; })
      ->value;
}

std::string Section::text(std::string_view key, std::string_view fallback) const {
  return has(key) ? scalar(origin_, at(key), full(key)) : std::string(fallback);
}

std::string Section::required_text(std::string_view key, std::string_view remedy) const {
  if (!has(key)) missing(key, remedy);
  return text(key, "");
}

std::vector<std::string> Section::texts(std::string_view key) const {
  if (!has(key)) return {};
  const YAML::Node& node = at(key);
  if (!node.IsSequence()) return {scalar(origin_, node, full(key))};
  std::vector<std::string> result;
  for (const auto& item : node) result.push_back(scalar(origin_, item, full(key)));
  return result;
}

std::size_t Section::choice(std::string_view key, std::span<const std::string> names) const {
  const std::string word =
      required_text(key, fmt::format("write one of {}", fmt::join(names, ", ")));
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end())
    fail(key, fmt::format("'{}' is unknown; {}", word, suggest(word, names)));
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<double> Section::number(std::string_view key, double most) const {
  if (!has(key)) return std::nullopt;
  const std::string word = text(key, "");
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value))
    fail(key, fmt::format("'{}' is not a number", word));
  if (value <= 0 || value > most)
    fail(key, fmt::format("'{}' is out of range; write a number above 0 and up to {}", word, most));
  return value;
}

std::optional<int> Section::count(std::string_view key, int most) const {
  const auto value = number(key, most);
  if (!value) return std::nullopt;
  if (*value != std::floor(*value))
    fail(key, fmt::format("'{}' is not a whole number", text(key, "")));
  return static_cast<int>(*value);
}

Section Section::section(std::string_view key, std::vector<std::string> known) const {
  return {origin_, full(key), at(key), std::move(known)};
}

std::vector<Section> Section::sections(std::string_view key,
                                       const std::vector<std::string>& known) const {
  if (!has(key)) return {};
  if (!at(key).IsSequence()) fail(key, "is not a list; write a line '- key: value' for each");
  std::vector<Section> result;
  for (const auto& item : at(key)) result.emplace_back(origin_, full(key), item, known);
  return result;
}

void Section::fail(std::string_view key, const std::string& what) const {
  fail_at(origin_, at(key), full(key) + ": " + what);
}

void Section::missing(std::string_view key, std::string_view remedy) const {
  fail_at(origin_, node_, fmt::format("{}: is missing; {}", full(key), remedy));
}

std::string Section::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

}  // namespace gnomon::yaml
