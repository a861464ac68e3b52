#include "trace/name.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace gnomon::trace {
namespace {

// In the order of Category; `other` follows the last.
constexpr std::array<std::string_view, 4> own_categories = {"operator", "step", "loader", "phase"};

constexpr std::size_t index(Category category) { return static_cast<std::size_t>(category); }
static_assert(own_categories.size() == index(Category::other));

// The table of names is append-only, so numbers stay valid.
struct Table {
  std::mutex mutex;
  std::vector<Label> labels;
  std::map<Label, std::uint32_t> ids;
};

Table& table() {
  static Table table;
  return table;
}

}  // namespace

std::string_view category_name(const Label& label) {
  return label.category == Category::other ? std::string_view(label.other)
                                           : own_categories.at(index(label.category));
}

void set_category(Label& label, std::string_view name) {
  const auto own = std::find(own_categories.begin(), own_categories.end(), name);
  label.category = static_cast<Category>(own - own_categories.begin());
  label.other = label.category == Category::other ? name : "";
}

Name intern(const Label& label) {
  Table& names = table();
  const std::lock_guard lock(names.mutex);
  const auto id = static_cast<std::uint32_t>(names.labels.size());
  const auto [entry, fresh] = names.ids.emplace(label, id);
  if (fresh) names.labels.push_back(label);
  return {entry->second};
}

std::vector<Label> labels(std::size_t first) {
  Table& names = table();
  const std::lock_guard lock(names.mutex);
  return {names.labels.begin() + static_cast<std::ptrdiff_t>(std::min(first, names.labels.size())),
          names.labels.end()};
}

}  // namespace gnomon::trace
