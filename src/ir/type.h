#pragma once

// The type of a value: element type and dimensions. A dimension is an integer, or a symbol with an
// upper bound
// ("b", at most 128): memory is planned at the bound, and a run binds the symbol to what it is
// given. Layout is not part of a type: it is an executor's annotation (layout.h).

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/tensor.h"
#include "base/units.h"

namespace gnomon::ir {

struct Dim {
  std::int64_t size = 0;  // the extent; of a symbol its upper bound
  std::string symbol;     // empty for an integer

  Dim() = default;
  Dim(std::int64_t extent) : size(extent) {}  // NOLINT: an extent is a dimension
  Dim(std::string name, std::int64_t bound) : size(bound), symbol(std::move(name)) {}

  bool is_symbol() const { return !symbol.empty(); }
  bool operator==(const Dim&) const = default;
};

using Dims = std::vector<Dim>;
inline constexpr std::size_t most_dims = 16;  // of a type

// What a run binds symbols to.
using Binding = std::map<std::string, std::int64_t>;

struct Type {
  DType dtype = DType::f32;
  Dims dims;

  std::size_t rank() const { return dims.size(); }
  bool operator==(const Type&) const = default;
};

inline Type token_type() { return {DType::token, {}}; }
inline bool is_token(const Type& type) { return type.dtype == DType::token; }

Shape bound_shape(const Dims& dims);  // every symbol at its upper bound
Bytes bound_bytes(const Type& type);  // at the bound
Bytes bound_bytes(std::span<const Type> types);
bool is_static(const Dims& dims);  // no symbols

// Replaces symbols by what they are bound to; others stay. Throws InputError when a value is
// negative or above the symbol's bound.
Dim substitute(const Dim& dim, const Binding& binding);
Dims substitute(const Dims& dims, const Binding& binding);

std::string to_string(const Dim& dim);    // "b" or "128"
std::string to_string(const Dims& dims);  // "[b, 28, 28]"
std::string to_string(const Type& type);  // "f32[b, 28, 28]"

}  // namespace gnomon::ir
