#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/program.h"

namespace gnomon::train {

// In which element type the contractions of a model compute. bf16 keeps f32 master weights and f32
// accumulation.
enum class Precision { f32, bf16 };

const std::vector<std::string>& precision_names();
Precision precision_named(std::string_view text);  // throws InputError with the nearest right name
std::string_view name(Precision precision);
DType dtype(Precision precision);

// The program at that precision.
ir::Program at_precision(ir::Program program, Precision precision);

}  // namespace gnomon::train
