#pragma once

// The optimiser as part of the program: ordinary element-wise nodes that end in state writes.
// Fusion makes them one sweep over memory per parameter; sharding them is ZeRO.

#include <string>
#include <string_view>

#include "ir/program.h"

namespace gnomon::pass {

// Stochastic gradient descent as PyTorch's torch.optim.SGD defines it (dampening 0, no Nesterov):
//   g = gradient + weight_decay * w;  m = momentum * m + g;  w = w - learning_rate * m
// With momentum 0 there is no m, and w moves along g.
struct Sgd {
  double momentum = 0;
  double weight_decay = 0;
};

// The name of a moment, a state of Role::moment of the parameter's type that starts at 0:
// "conv1.weight.momentum".
std::string moment_name(std::string_view parameter, std::string_view moment);

// The argument that holds the learning rate, an f32 scalar: a schedule changes it from run to run.
inline constexpr std::string_view learning_rate_input = "learning_rate";

// Takes what `gradient` made and adds the update of every parameter that has a gradient; the
// gradients are no longer outputs. Nodes of an update carry the parameter's name as label.
// Throws InputError if no parameter has a gradient, or a coefficient is negative or not finite.
ir::Program sgd(const ir::Program& with_gradients, const Sgd& options);

}  // namespace gnomon::pass
