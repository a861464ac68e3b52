#pragma once

// What events are called. A name is interned once, outside the timed path, and recorded as a
// number. Threads: all functions may be called from any thread. Names live as long as the process.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::trace {

// What kind of work an event stands for; viewers filter by it. `other`: a category of another
// program's trace, whose name Label::other keeps.
enum class Category : std::uint8_t { operation, step, loader, phase, other };

// What a name stands for: its text, what its events' two integer arguments mean ("flops", "bytes";
// an empty label means that the argument is not shown), and the unit of a counter's values
// ("bytes", "ns", "images/s"; empty if there is none).
struct Label {
  std::string text;
  Category category = Category::phase;
  std::array<std::string, 2> arguments;
  std::string unit = {};
  std::string other = {};  // the category's name if it is `other`

  auto operator<=>(const Label&) const = default;
};

// "operator", "step", "loader", "phase"; of `other` what the label says, which may be nothing.
std::string_view category_name(const Label& label);

// Sets category and other from a category's name.
void set_category(Label& label, std::string_view name);

struct Name {
  std::uint32_t id = 0;

  bool operator==(const Name&) const = default;
};

// The name for a label; equal labels have equal names.
Name intern(const Label& label);

// All labels so far, indexed by Name::id; those from `first` on.
std::vector<Label> labels(std::size_t first = 0);

}  // namespace gnomon::trace
