#pragma once

// Text from a language model, token by token.
//
//   Decoder decoder(text_model(file, true, Precision::f32), executor, states);
//   generate(decoder, prompt, 200, {.temperature = 0.8}, [&](std::int32_t token) { … });

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "exec/executor.h"
#include "ir/program.h"
#include "train/model_file.h"
#include "train/precision.h"
#include "train/zoo/zoo.h"

namespace gnomon::train {

// The programs of a language model that goes on with one text (zoo/layers.h, Mode).
struct TextModel {
  // "tokens" i32[1, context] -> "logits" [1, context, tokens]. With `decode`, a prefill program.
  ir::Program window;
  // From the caches that `window` wrote, one token further; without it the window is run for every
  // token.
  std::optional<ir::Program> decode;
};

// With decode if `cache`. Throws as build_model.
TextModel text_model(std::string_view name, ModelShape shape, bool cache, Precision precision);
// Without decode whatever `cache` says if the file's model is a program: it has no other.
TextModel text_model(const ModelFile& file, bool cache, Precision precision);

// A language model that reads a text, from left to right, and says of each token what may follow.
//
// It sees the text through a window of at most `context` tokens. At the beginning these are the
// last ones of the prompt. The window grows with the text; when it is full and the text goes on, it
// drops its older half and is read anew: it restarts with the last context/2 tokens (at least one).
// So the logits after a text depend on it and on where its prompt ended, not on whether there are
// caches, but for rounding.
//
// With caches the prompt and each restart cost a run of the window's program, and every other token
// one of decode, which takes about the time of reading the parameters once.
class Decoder {
 public:
  // Takes the parameters from `trained`, states of the same model for any mode; caches are the
  // decoder's own. Throws InputError if the program is that of no language model, or `trained`
  // lacks a parameter of it.
  Decoder(TextModel model, exec::Executor& executor, const exec::States& trained);

  bool has_cache() const { return decode_.executable != nullptr; }

  // Runs each program once, on no particular text. Executors compile a program when it first runs:
  // after this, times are those of generation alone.
  void prepare();

  // Forgets what was read and reads the prompt, which must not be empty; `add` reads one more
  // token. Both return the logits of the token that follows, valid until the next call.
  std::span<const float> begin(std::span<const std::int32_t> prompt);
  std::span<const float> add(std::int32_t token);

 private:
  struct Compiled {
    std::unique_ptr<exec::Executable> executable;
    std::size_t logits = 0;  // which output they are
    std::vector<Tensor> outputs;
  };

  static Compiled compile(ir::Program program, exec::Executor& executor);
  std::size_t context() const { return static_cast<std::size_t>(tokens_.shape()[1]); }
  std::span<const float> read_window();
  std::span<const float> read_last();
  std::span<const float> run(Compiled& program, std::span<const Tensor* const> arguments,
                             std::size_t row);

  exec::States states_;
  Compiled whole_, decode_;
  std::vector<std::int32_t> window_;  // the tokens that are seen
  Tensor tokens_, token_, position_;  // arguments
  Tensor logits_;                     // in f32, if the program's are not
};

struct Sampling {
  double temperature = 1;  // logits are divided by it; 0: the likeliest token
  std::int64_t top = 0;    // only the so many likeliest tokens; 0: all
  std::uint64_t seed = 0;
};

// Throws InputError for an empty prompt or options that make no sense.
void check_sampling(std::span<const std::int32_t> prompt, const Sampling& sampling);

// Continues `prompt` by `count` tokens and calls `next` with each; stops early if it returns false.
// Token i of a continuation is a pure function of (seed, i) and the decoder's logits. Throws as
// check_sampling.
void generate(Decoder& decoder, std::span<const std::int32_t> prompt, std::int64_t count,
              const Sampling& sampling, const std::function<bool(std::int32_t)>& next);

}  // namespace gnomon::train
