#pragma once

// Values of JSON that others may have written. nlohmann::json converts a number to whatever type
// is asked for: 1e300 as an integer is undefined behaviour, 2.5 becomes 2, 5e9 as an int another
// number.

#include <concepts>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace gnomon {

// The value as a T, the same value. Throws std::domain_error if a whole number is asked for and
// it is none or outside of T, as nlohmann::json does for values of another kind.
template <typename T, typename Json>
T value_as(const Json& json) {
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    const bool fits =
        json.is_number_unsigned()
            ? std::in_range<T>(json.template get<std::uint64_t>())
            : json.is_number_integer() && std::in_range<T>(json.template get<std::int64_t>());
    if (!fits)
      throw std::domain_error((json.is_number() ? json.dump() : json.type_name()) +
                              std::string(" is no whole number, or out of range"));
  }
  return json.template get<T>();
}

}  // namespace gnomon
