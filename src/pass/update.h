#pragma once

// The optimiser as part of the program: ordinary element-wise nodes that end in state writes.
// Fusion makes them one sweep over memory per parameter; sharding them is ZeRO.

#include <string>
#include <string_view>
#include <variant>

#include "ir/program.h"

namespace gnomon::pass {

// Stochastic gradient descent as PyTorch's torch.optim.SGD defines it (dampening 0, no Nesterov):
//   g = gradient + weight_decay * w;  m = momentum * m + g;  w = w - learning_rate * m
// With momentum 0 there is no m, and w moves along g.
struct Sgd {
  double momentum = 0;
  double weight_decay = 0;
};

// Loshchilov and Hutter: "Decoupled weight decay regularization", ICLR 2019, as torch.optim.AdamW:
//   w = w - learning_rate * weight_decay * w
//   m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g²
//   w = w - learning_rate * (m / (1 - beta1^t)) / (√(v / (1 - beta2^t)) + epsilon)
// where t, the argument "step", counts from 1.
struct AdamW {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
};

struct Update {
  std::variant<Sgd, AdamW> optimiser;
  // Gradients are scaled down to this Euclidean norm, taken over all of them, where it is larger
  // (Pascanu, Mikolov and Bengio, ICML 2013; torch.nn.utils.clip_grad_norm_). 0: they are not.
  double clip_norm = 0;
  // Adds the output "gradient_norm", the norm before clipping.
  bool report_norm = false;
  // Of each parameter the moment "average" follows: average = decay * average + (1 - decay) * w,
  // from 0, so that average / (1 - decay^t) is the weighted mean of the parameter's values (Polyak
  // and Juditsky, 1992, exponentially). 0: none.
  double average_decay = 0;
};

// The name of a moment, a state of Role::moment of the parameter's type that starts at 0:
// "conv1.weight.momentum".
std::string moment_name(std::string_view parameter, std::string_view moment);

// Arguments of an update: the learning rate, an f32 scalar that a schedule changes from run to run,
// and for AdamW the number of the step, an i64 scalar, which random operators may share.
inline constexpr std::string_view learning_rate_input = "learning_rate";
inline constexpr std::string_view step_input = "step";
inline constexpr std::string_view gradient_norm_output = "gradient_norm";

// Takes what `gradient` made and adds the update of every parameter that has a gradient; the
// gradients are no longer outputs. Nodes of an update carry the parameter's name as label.
// Throws InputError if no parameter has a gradient, or a coefficient is out of its range.
ir::Program update(const ir::Program& with_gradients, const Update& options);

}  // namespace gnomon::pass
