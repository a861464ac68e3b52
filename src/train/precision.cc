#include "train/precision.h"

#include <utility>

#include "base/error.h"
#include "base/nearest.h"
#include "pass/mixed_precision.h"

namespace gnomon::train {

const std::vector<std::string>& precision_names() {
  static const std::vector<std::string> names = {"f32", "bf16"};
  return names;
}

Precision precision_named(std::string_view text) {
  for (std::size_t i = 0; i < precision_names().size(); ++i)
    if (precision_names()[i] == text) return static_cast<Precision>(i);
  throw InputError("precision {}: unknown; {}", text, suggest(text, precision_names()));
}

DType dtype(Precision precision) { return precision == Precision::f32 ? DType::f32 : DType::bf16; }

std::string_view name(Precision precision) {
  return precision_names()[static_cast<std::size_t>(precision)];
}

ir::Program at_precision(ir::Program program, Precision precision) {
  return precision == Precision::f32 ? std::move(program) : pass::mixed_precision(program);
}

}  // namespace gnomon::train
