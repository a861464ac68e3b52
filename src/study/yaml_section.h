#pragma once

// A YAML mapping whose keys are all known, and messages that name file, line and key:
//   ship.yaml:5: mesure: unknown key; did you mean 'measure'?

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

namespace gnomon::study {

// Throws InputError "ORIGIN:LINE: WHAT"; `node` gives the line.
[[noreturn]] void fail_at(const std::string& origin, const YAML::Node& node,
                          const std::string& what);

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

  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

  const std::string& origin() const { return origin_; }
  std::string full(std::string_view key) const;  // "method.budget"

 private:
  std::string origin_;
  std::string path_;
  YAML::Node node_;
  std::vector<Entry> entries_;
};

// The scalar that a node is, or InputError naming `key`.
std::string scalar(const std::string& origin, const YAML::Node& node, std::string_view key);

}  // namespace gnomon::study
