#include "trace/name.h"

#include <map>
#include <mutex>
#include <tuple>

namespace gnomon::trace {
namespace {

// The table of names is append-only, so numbers stay valid.
struct Table {
  using Key = std::tuple<std::string, Category, std::array<std::string, 2>>;

  std::mutex mutex;
  std::vector<Label> labels;
  std::map<Key, std::uint32_t> ids;
};

Table& table() {
  static Table table;
  return table;
}

}  // namespace

std::string_view name(Category category) {
  switch (category) {
    case Category::operation:
      return "operator";
    case Category::step:
      return "step";
    case Category::loader:
      return "loader";
    case Category::phase:
      return "phase";
  }
  return "?";
}

Name intern(const Label& label) {
  Table& names = table();
  const std::lock_guard lock(names.mutex);
  const auto id = static_cast<std::uint32_t>(names.labels.size());
  const auto [entry, fresh] =
      names.ids.emplace(std::tuple(label.text, label.category, label.arguments), id);
  if (fresh) names.labels.push_back(label);
  return {entry->second};
}

std::vector<Label> labels() {
  Table& names = table();
  const std::lock_guard lock(names.mutex);
  return names.labels;
}

}  // namespace gnomon::trace
