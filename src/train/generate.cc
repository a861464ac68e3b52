#include "train/generate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "train/loss.h"

namespace gnomon::train {

void check_sampling(std::span<const std::int32_t> prompt, const Sampling& sampling) {
  if (prompt.empty()) throw InputError("prompt: is empty; give at least one character");
  if (!(sampling.temperature >= 0 && sampling.temperature <= 100))
    throw InputError("temperature {}: must be between 0 and 100", sampling.temperature);
  if (sampling.top < 0) throw InputError("top {}: must be at least 0", sampling.top);
}

namespace {

std::int32_t likeliest(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// Inverts the distribution function at `u`, the likeliest tokens first.
std::int32_t draw(std::span<const float> logits, const Sampling& sampling, double u) {
  if (sampling.temperature == 0) return likeliest(logits);
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](std::int32_t token) {
    return static_cast<double>(logits[static_cast<std::size_t>(token)]);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return logit(a) > logit(b); });
  if (sampling.top > 0 && static_cast<std::size_t>(sampling.top) < order.size())
    order.resize(static_cast<std::size_t>(sampling.top));
  std::vector<double> weights;
  for (const auto token : order)
    weights.push_back(std::exp((logit(token) - logit(order.front())) / sampling.temperature));
  double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < order.size(); ++i)
    if ((left -= weights[i]) < 0) return order[i];
  return order.back();
}

// The shape of the argument of a program that reads a window of tokens.
Shape tokens_of(const ir::Program& program) {
  const auto inputs = ir::inputs_of(program);
  const auto* taken = inputs.size() == 1 ? &program.nodes[inputs[0]].results[0] : nullptr;
  if (taken == nullptr || taken->dtype != DType::i32 || taken->rank() != 2)
    throw InputError("{}: is no language model: it does not take tokens i32[1, context]",
                     program.name);
  Shape shape = ir::bound_shape(taken->dims);
  if (taken->dims[0].is_symbol()) shape[0] = 1;
  return shape;
}

// Fresh states of the program, with those that `trained` has, every parameter among them, set to
// what they are there.
exec::States states_of(const ir::Program& program, const exec::States& trained) {
  exec::States states(program, 0);
  for (const auto& state : program.states)
    if (state.role == ir::Role::parameter || trained.contains(state.name))
      states.set(state.name, trained.get(state.name));
  return states;
}

}  // namespace

TextModel text_model(std::string_view name, ModelShape shape, bool cache, Precision precision) {
  shape.batch = 1;
  const auto in = [&](Mode mode) {
    return at_precision(build_model(name, shape, mode), precision);
  };
  if (!cache) return {in(Mode::inference), std::nullopt};
  return {in(Mode::prefill), in(Mode::decode)};
}

TextModel text_model(const ModelFile& file, bool cache, Precision precision) {
  if (file.program) return {at_precision(*file.program, precision), std::nullopt};
  return text_model(file.model, file.shape, cache, precision);
}

Decoder::Decoder(TextModel model, exec::Executor& executor, const exec::States& trained)
    : states_(states_of(model.window, trained)),
      tokens_(DType::i32, tokens_of(model.window)),
      token_(DType::i32, {1, 1}),
      position_(DType::i64, {}) {
  whole_ = compile(std::move(model.window), executor);
  if (model.decode) decode_ = compile(std::move(*model.decode), executor);
}

Decoder::Compiled Decoder::compile(ir::Program program, exec::Executor& executor) {
  const auto logits = output_index(program, "logits");
  return {executor.compile(std::move(program)), logits, {}};
}

void Decoder::prepare() {
  window_ = {0};
  read_window();
  if (has_cache()) read_last();
}

std::span<const float> Decoder::begin(std::span<const std::int32_t> prompt) {
  GNOMON_CHECK(!prompt.empty(), "an empty prompt");
  const auto read = prompt.last(std::min(prompt.size(), context()));
  window_.assign(read.begin(), read.end());
  return read_window();
}

std::span<const float> Decoder::add(std::int32_t token) {
  window_.push_back(token);
  if (window_.size() <= context()) return has_cache() ? read_last() : read_window();
  const auto kept = std::max<std::size_t>(1, context() / 2);
  window_.erase(window_.begin(), window_.end() - static_cast<std::ptrdiff_t>(kept));
  return read_window();
}

// Later positions do not see into earlier ones: what fills the rest of the window is all one.
std::span<const float> Decoder::read_window() {
  std::copy(window_.begin(), window_.end(), tokens_.span<std::int32_t>().begin());
  const Tensor* arguments[] = {&tokens_};
  return run(whole_, arguments, window_.size() - 1);
}

std::span<const float> Decoder::read_last() {
  token_.span<std::int32_t>()[0] = window_.back();
  position_.span<std::int64_t>()[0] = static_cast<std::int64_t>(window_.size()) - 1;
  const Tensor* arguments[] = {&token_, &position_};
  return run(decode_, arguments, 0);
}

std::span<const float> Decoder::run(Compiled& program, std::span<const Tensor* const> arguments,
                                    std::size_t row) {
  program.executable->run(arguments, states_, program.outputs);
  const Tensor* logits = &program.outputs[program.logits];
  if (logits->dtype() != DType::f32) {
    logits_ = convert(*logits, DType::f32);
    logits = &logits_;
  }
  const auto tokens = static_cast<std::size_t>(logits->shape().back());
  return logits->span<float>().subspan(row * tokens, tokens);
}

void generate(Decoder& decoder, std::span<const std::int32_t> prompt, std::int64_t count,
              const Sampling& sampling, const std::function<bool(std::int32_t)>& next) {
  check_sampling(prompt, sampling);
  if (count < 1) return;
  const Random random(sampling.seed, "generate");
  std::span<const float> logits = decoder.begin(prompt);
  for (std::int64_t i = 0;; ++i) {
    const auto token = draw(logits, sampling, random.uniform(static_cast<std::uint64_t>(i)));
    if (!next(token) || i + 1 == count) return;
    logits = decoder.add(token);
  }
}

}  // namespace gnomon::train
