#pragma once

// Text from a language model, token by token.

#include <cstdint>
#include <functional>
#include <span>

#include "exec/executor.h"
#include "ir/program.h"

namespace gnomon::train {

struct Sampling {
  double temperature = 1;  // logits are divided by it; 0: the likeliest token
  std::int64_t top = 0;    // only the so many likeliest tokens; 0: all
  std::uint64_t seed = 0;
};

// Throws InputError for an empty prompt or options that make no sense.
void check_sampling(std::span<const std::int32_t> prompt, const Sampling& sampling);

// Continues `prompt` by `count` tokens and calls `next` with each; stops early if it returns false.
// `model` takes "tokens" i32[1, context]: where prompt and continuation are longer, the last
// `context` of them are seen. Token i of a continuation is a pure function of (seed, i) and the
// model's logits. Throws as check_sampling.
void generate(const ir::Program& model, exec::Executor& executor, exec::States& states,
              std::span<const std::int32_t> prompt, std::int64_t count, const Sampling& sampling,
              const std::function<bool(std::int32_t)>& next);

}  // namespace gnomon::train
