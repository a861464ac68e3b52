#include "ir/type.h"

#include <fmt/format.h>

#include "base/error.h"

namespace gnomon::ir {

Shape bound_shape(const Dims& dims) {
  Shape shape;
  for (const auto& dim : dims) shape.push_back(dim.size);
  return shape;
}

Bytes bound_bytes(const Type& type) {
  return Bytes(static_cast<double>(element_count(bound_shape(type.dims))) * bits(type.dtype) / 8);
}

Bytes bound_bytes(std::span<const Type> types) {
  Bytes total;
  for (const auto& type : types) total += bound_bytes(type);
  return total;
}

bool is_static(const Dims& dims) {
  return std::none_of(dims.begin(), dims.end(), [](const Dim& d) { return d.is_symbol(); });
}

Dim substitute(const Dim& dim, const Binding& binding) {
  if (!dim.is_symbol()) return dim;
  const auto found = binding.find(dim.symbol);
  if (found == binding.end()) return dim;
  if (found->second < 0 || found->second > dim.size)
    throw InputError("{} = {}: out of range, the program allows 0 to {}", dim.symbol, found->second,
                     dim.size);
  return {found->second};
}

Dims substitute(const Dims& dims, const Binding& binding) {
  Dims bound;
  for (const auto& dim : dims) bound.push_back(substitute(dim, binding));
  return bound;
}

std::string to_string(const Dim& dim) {
  return dim.is_symbol() ? dim.symbol : fmt::format("{}", dim.size);
}

std::string to_string(const Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i ? ", " : "") + to_string(dims[i]);
  return text + "]";
}

std::string to_string(const Type& type) {
  return fmt::format("{}{}", name(type.dtype), to_string(type.dims));
}

}  // namespace gnomon::ir
