#include "study/yaml_section.h"

#include <algorithm>

#include "base/error.h"
#include "base/nearest.h"

namespace gnomon::study {

void fail_at(const std::string& origin, const YAML::Node& node, const std::string& what) {
  const YAML::Mark mark = node.Mark();
  if (mark.is_null()) throw InputError("{}: {}", origin, what);
  throw InputError("{}:{}: {}", origin, mark.line + 1, what);
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
            (path_.empty() ? "" : path_ + ": ") +
                "is not a mapping; write 'key: value' lines (doc/study.md)");
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
  if (!has(key)) fail_at(origin_, node_, fmt::format("{}: is missing; {}", full(key), remedy));
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

void Section::fail(std::string_view key, const std::string& what) const {
  fail_at(origin_, at(key), full(key) + ": " + what);
}

std::string Section::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

}  // namespace gnomon::study
