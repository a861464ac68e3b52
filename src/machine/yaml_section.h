#pragma once

// How every YAML file of ours is read: one bounded document, mappings whose keys are all known, and
// messages that name file, line and key:
//   ship.yaml:5: mesure: unknown key; did you mean 'measure'?
// It is about YAML alone; it stands in the lowest layer that reads any.

#include <yaml-cpp/yaml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace gnomon::yaml {

// What a document may hold at most, so that no file can exhaust stack, memory or patience.
inline constexpr Bytes largest_file{1 << 20};
inline constexpr int deepest_nesting = 16;
inline constexpr int most_values = 10'000;

// The document in `text`, an empty node if there is none. Throws InputError "ORIGIN:LINE: WHAT" if
// it is not YAML, is larger than the bounds above, holds a second document, or uses aliases
// (*name), by which a short text can stand for an endless one.
YAML::Node load(std::string_view text, const std::string& origin);

// Throws InputError "ORIGIN:LINE: WHAT"; `node` gives the line.
[[noreturn]] void fail_at(const std::string& origin, const YAML::Node& node,
                          const std::string& what);

// The scalar that a node is, or InputError naming `key`.
std::string scalar(const std::string& origin, const YAML::Node& node, std::string_view key);

// A mapping. Its readers throw InputError naming the key they fail on.
class Section {
 public:
  // `path` is the key that holds the mapping, "" at the top. Empty `known` allows every key.
  Section(std::string origin, std::string path, const YAML::Node& node,
          std::vector<std::string> known);

  struct Entry {
    std::string key;
    YAML::Node key_node;
    YAML::Node value;
  };
  const std::vector<Entry>& entries() const { return entries_; }

  bool has(std::string_view key) const;
  const YAML::Node& at(std::string_view key) const;  // has(key)

  // The value of a key that holds one non-empty scalar; `fallback` if the key is absent.
  std::string text(std::string_view key, std::string_view fallback) const;
  std::string required_text(std::string_view key, std::string_view remedy) const;
  // A scalar, or a list of scalars; empty if the key is absent.
  std::vector<std::string> texts(std::string_view key) const;

  // A required scalar that is one of `names`: its place among them.
  std::size_t choice(std::string_view key, std::span<const std::string> names) const;

  // A number above 0 and up to `most`; nothing if the key is absent. A count is a whole one.
  std::optional<double> number(std::string_view key, double most) const;
  std::optional<int> count(std::string_view key, int most) const;

  // The mapping at a key; every mapping of a list of them, none if the key is absent.
  Section section(std::string_view key, std::vector<std::string> known) const;  // has(key)
  std::vector<Section> sections(std::string_view key, const std::vector<std::string>& known) const;

  [[noreturn]] void fail(std::string_view key, const std::string& what) const;
  [[noreturn]] void missing(std::string_view key, std::string_view remedy) const;

  const std::string& origin() const { return origin_; }
  std::string full(std::string_view key) const;  // "method.budget"

 private:
  std::string origin_;
  std::string path_;
  YAML::Node node_;
  std::vector<Entry> entries_;
};

}  // namespace gnomon::yaml
