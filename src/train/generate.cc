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

}  // namespace

void generate(const ir::Program& model, exec::Executor& executor, exec::States& states,
              std::span<const std::int32_t> prompt, std::int64_t count, const Sampling& sampling,
              const std::function<bool(std::int32_t)>& next) {
  check_sampling(prompt, sampling);
  const auto executable = executor.compile(model);
  const auto inputs = ir::inputs_of(model);
  const auto& taken = model.nodes[inputs.at(0)].results[0];
  if (inputs.size() != 1 || taken.dtype != DType::i32 || taken.rank() != 2)
    throw InputError("{}: is no language model: it does not take tokens i32[1, context]",
                     model.name);
  const std::size_t logits_output = output_index(model, "logits");
  Tensor window(DType::i32, ir::bound_shape(taken.dims));
  const auto context = static_cast<std::size_t>(window.shape()[1]);
  std::vector<std::int32_t> text(prompt.begin(), prompt.end());
  std::vector<Tensor> outputs;
  const Random random(sampling.seed, "generate");
  for (std::int64_t i = 0; i < count; ++i) {
    // Later positions do not see into earlier ones: what fills the rest of the window is all one.
    const std::size_t seen = std::min(context, text.size());
    std::copy_n(text.end() - static_cast<std::ptrdiff_t>(seen), seen,
                window.span<std::int32_t>().begin());
    const Tensor* arguments[] = {&window};
    executable->run(arguments, states, outputs);
    const Tensor logits = convert(outputs[logits_output], DType::f32);
    const auto vocabulary = static_cast<std::size_t>(logits.shape().back());
    const auto last = logits.span<float>().subspan((seen - 1) * vocabulary, vocabulary);
    text.push_back(draw(last, sampling, random.uniform(static_cast<std::uint64_t>(i))));
    if (!next(text.back())) return;
  }
}

}  // namespace gnomon::train
