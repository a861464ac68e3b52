#pragma once

// What events are called. A name is interned once, outside the timed path, and recorded as a number.
// Threads: all functions may be called from any thread. Names live as long as the process.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::trace {

// What kind of work an event stands for; Perfetto filters by it.
enum class Category : std::uint8_t { operation, step, loader, phase };

std::string_view name(Category category);  // "operator", "step", "loader", "phase"

// What a name stands for: its text, and what its events' two integer arguments mean ("flops",
// "bytes"); an empty label means that the argument is not shown.
struct Label {
  std::string text;
  Category category = Category::phase;
  std::array<std::string, 2> arguments;

  bool operator==(const Label&) const = default;
};

struct Name {
  std::uint32_t id = 0;

  bool operator==(const Name&) const = default;
};

// The name for a label; equal labels have equal names.
Name intern(const Label& label);

// All labels so far, indexed by Name::id.
std::vector<Label> labels();

}  // namespace gnomon::trace
