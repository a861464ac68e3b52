#pragma once

// Models, written as short builders. Each is a forward Program with the argument "image" f32[b, 1, 28, 28] and the output
// "logits" f32[b, 10]; parameters start as PyTorch's default initialisers do (uniform within 1/√fan-in), so that the same
// architecture trained there is a fair comparison.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/program.h"

namespace gnomon::train {

// LeNet-5 as it is trained today: 1→6 (5×5, padding 2) → ReLU → max-pool 2 → 6→16 (5×5) → ReLU → max-pool 2
// → 400→120→84→10 (LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition", 1998, with ReLU and max-pooling).
ir::Program lenet(std::int64_t largest_batch);

// 784→256→128→10 with ReLU.
ir::Program mlp(std::int64_t largest_batch);

const std::vector<std::string>& model_names();

// The model of that name. Throws InputError with the nearest right name.
ir::Program build_model(std::string_view name, std::int64_t largest_batch);

}  // namespace gnomon::train
