#pragma once

#include "ir/operator.h"

namespace gnomon::ir {

// Gives a state its value after the run: committed with all other writes when the run ends. At most
// one per state.
struct Write {
  static constexpr std::string_view name = "write";
  std::string state;
  static constexpr auto attributes = std::tuple{Attribute{"state", &Write::state}};
  Rule rule() const { return "... ->"; }
  static constexpr bool is_free = true;
  static constexpr bool has_effect = true;
  Gradient gradient(const GradientArgs& args) const;
  bool operator==(const Write&) const = default;
};

}  // namespace gnomon::ir
