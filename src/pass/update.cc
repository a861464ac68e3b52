#include "pass/update.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "ir/builder.h"
#include "pass/gradient.h"

namespace gnomon::pass {
namespace {

using ir::Value;

void check(std::string_view what, double value, double below) {
  if (!std::isfinite(value) || value < 0 || value >= below)
    throw InputError("update: {} is {}; it is at least 0 and {}", what, value,
                     std::isinf(below) ? "finite" : fmt::format("below {}", below));
}

void check(const Update& options) {
  constexpr double any = std::numeric_limits<double>::infinity();
  check("the norm to clip at", options.clip_norm, any);
  check("the average's decay", options.average_decay, 1);
  if (const auto* sgd = std::get_if<Sgd>(&options.optimiser)) {
    check("momentum", sgd->momentum, any);
    check("weight decay", sgd->weight_decay, any);
  } else {
    const auto& adam = std::get<AdamW>(options.optimiser);
    check("beta1", adam.beta1, 1);
    check("beta2", adam.beta2, 1);
    check("epsilon", adam.epsilon, any);
    check("weight decay", adam.weight_decay, any);
  }
}

class Updating {
 public:
  Updating(const ir::Program& with_gradients, const Update& options)
      : source_(with_gradients), options_(options), b_(ir::Builder::extend(with_gradients)) {
    for (const auto& output : source_.outputs)
      if (const auto* state = parameter_of(output)) gradients_[state->name] = output.value;
    if (gradients_.empty())
      throw InputError("{}: no parameter has a gradient to follow; take gradients first",
                       source_.name);
  }

  ir::Program run() {
    learning_rate_ = b_.input(std::string(learning_rate_input), {DType::f32, {}});
    b_.label("update");
    if (options_.clip_norm > 0 || options_.report_norm) measure_norm();
    if (const auto* adam = std::get_if<AdamW>(&options_.optimiser)) prepare(*adam);
    for (const auto& state : source_.states)
      if (const auto gradient = gradients_.find(state.name); gradient != gradients_.end())
        move(state.name, gradient->second);
    for (const auto& output : source_.outputs)
      if (parameter_of(output) == nullptr) b_.output(output.name, output.value);
    if (options_.report_norm) b_.output(std::string(gradient_norm_output), norm_);
    return b_.finish();
  }

 private:
  const ir::State* parameter_of(const ir::Output& output) const {
    const auto found =
        std::find_if(source_.states.begin(), source_.states.end(), [&](const ir::State& state) {
          return state.role == ir::Role::parameter && output.name == gradient_output(state.name);
        });
    return found == source_.states.end() ? nullptr : &*found;
  }

  Value add(Value x, Value y) { return b_(ir::Add{}, {x, y}); }
  Value subtract(Value x, Value y) { return b_(ir::Subtract{}, {x, y}); }
  Value multiply(Value x, Value y) { return b_(ir::Multiply{}, {x, y}); }
  Value divide(Value x, Value y) { return b_(ir::Divide{}, {x, y}); }
  Value scaled(Value x, double factor) { return multiply(x, b_.full_like(x, factor)); }

  // A scalar, as elements of `like`.
  Value spread(Value scalar, Value like) {
    const DType dtype = b_.type(like).dtype;
    if (b_.type(scalar).dtype != dtype) scalar = b_(ir::Convert{dtype}, {scalar});
    return b_.broadcast_like(scalar, like);
  }

  // √Σ g² over all gradients, in f32; and by how much to shorten them.
  void measure_norm() {
    std::optional<Value> total;
    for (const auto& [name, gradient] : gradients_) {
      const auto rank = static_cast<std::int64_t>(b_.type(gradient).rank());
      std::vector<std::int64_t> axes(static_cast<std::size_t>(rank));
      std::iota(axes.begin(), axes.end(), std::int64_t{0});
      Value square = multiply(gradient, gradient);
      if (rank > 0) square = b_(ir::Sum{rank, axes}, {square});
      total = total ? add(*total, square) : square;
    }
    norm_ = b_(ir::SquareRoot{}, {*total});
    if (options_.clip_norm == 0) return;
    // min(1, clip / (norm + 1e-6)), as PyTorch.
    const Value ratio =
        divide(b_.full_like(norm_, options_.clip_norm), add(norm_, b_.full_like(norm_, 1e-6)));
    const Value least = b_(ir::Maximum{}, {scaled(ratio, -1), b_.full_like(norm_, -1)});
    shorten_ = scaled(least, -1);
  }

  // 1 − beta^t, in f64: close to 0 at first, where an f32 would have few digits left.
  Value correction(double beta) {
    const Value step = b_(ir::Convert{DType::f64}, {step_});
    const Value power = b_(ir::Exp{}, {scaled(step, std::log(beta))});
    return subtract(b_.full_like(power, 1), power);
  }

  void prepare(const AdamW& adam) {
    step_ = existing_step();
    // w moves by rate · √(1 − beta2^t) / (1 − beta1^t) · m / (√v + epsilon · √(1 − beta2^t)).
    root_ = b_(ir::SquareRoot{}, {correction(adam.beta2)});
    const Value rate = b_(ir::Convert{DType::f64}, {learning_rate_});
    adam_rate_ = divide(multiply(rate, root_), correction(adam.beta1));
  }

  Value existing_step() {
    for (const auto node : ir::inputs_of(source_))
      if (std::get<ir::Input>(source_.nodes[node].op).argument == step_input) return {node, 0};
    return b_.input(std::string(step_input), {DType::i64, {}});
  }

  Value moment(const std::string& parameter, std::string_view which, Value like) {
    return b_.state({moment_name(parameter, which), b_.type(like), ir::Role::moment, {}, {}});
  }
  void write_moment(const std::string& parameter, std::string_view which, Value value) {
    b_.write(moment_name(parameter, which), value);
  }

  void move(const std::string& parameter, Value gradient) {
    b_.label(parameter);
    if (shorten_) gradient = multiply(gradient, spread(*shorten_, gradient));
    const Value weight = b_.read(parameter);
    const Value moved = std::visit(
        [&](const auto& optimiser) { return step_of(optimiser, parameter, weight, gradient); },
        options_.optimiser);
    b_.write(parameter, moved);
    if (options_.average_decay == 0) return;
    const Value average = moment(parameter, "average", weight);
    write_moment(
        parameter, "average",
        add(scaled(average, options_.average_decay), scaled(moved, 1 - options_.average_decay)));
  }

  Value step_of(const Sgd& sgd, const std::string& parameter, Value weight, Value gradient) {
    if (sgd.weight_decay != 0) gradient = add(gradient, scaled(weight, sgd.weight_decay));
    if (sgd.momentum != 0) {
      const Value old = moment(parameter, "momentum", weight);
      gradient = add(scaled(old, sgd.momentum), gradient);
      write_moment(parameter, "momentum", gradient);
    }
    return subtract(weight, multiply(gradient, spread(learning_rate_, gradient)));
  }

  Value step_of(const AdamW& adam, const std::string& parameter, Value weight, Value gradient) {
    const auto follow = [&](std::string_view which, double beta, Value fresh) {
      const Value old = moment(parameter, which, weight);
      const Value value = add(scaled(old, beta), scaled(fresh, 1 - beta));
      write_moment(parameter, which, value);
      return value;
    };
    const Value mean = follow("mean", adam.beta1, gradient);
    const Value square = follow("square", adam.beta2, multiply(gradient, gradient));
    const Value root = b_(ir::SquareRoot{}, {square});
    const Value floor = scaled(spread(root_, root), adam.epsilon);
    const Value step = multiply(spread(adam_rate_, mean), divide(mean, add(root, floor)));
    if (adam.weight_decay == 0) return subtract(weight, step);
    const Value decay = multiply(weight, scaled(spread(learning_rate_, weight), adam.weight_decay));
    return subtract(subtract(weight, decay), step);
  }

  const ir::Program& source_;
  const Update& options_;
  ir::Builder b_;
  std::map<std::string, Value> gradients_;  // by parameter
  Value learning_rate_, step_, norm_, root_, adam_rate_;
  std::optional<Value> shorten_;
};

}  // namespace

std::string moment_name(std::string_view parameter, std::string_view moment) {
  return fmt::format("{}.{}", parameter, moment);
}

ir::Program update(const ir::Program& with_gradients, const Update& options) {
  check(options);
  return Updating(with_gradients, options).run();
}

}  // namespace gnomon::pass
