#include <fmt/format.h>

#include "base/error.h"
#include "train/zoo/zoo.h"

namespace gnomon::train {
namespace {

ir::Value feed_forward(Layers& l, const std::string& name, ir::Value x) {
  const ir::Dims dims = l.type(x).dims;
  const auto width = dims[2].size;
  const ir::Value hidden = l.gelu(l.linear(name + ".up", l.as_rows(x), 4 * width));
  return l.reshape(l.linear(name + ".down", hidden, width), dims);
}

// By which traces and messages tell the programs of one generation apart.
std::string named_for(Mode mode, std::string model) {
  if (mode == Mode::prefill) model += " prefill";
  if (mode == Mode::decode) model += " decode";
  return model;
}

}  // namespace

ir::Program gpt(std::string name, const GptSize& size, const ModelShape& shape, Mode mode) {
  if (size.features % size.heads != 0)
    throw InputError("{}: {} features do not divide into {} heads", name, size.features,
                     size.heads);
  constexpr double deviation = 0.02;
  Layers l(named_for(mode, std::move(name)), mode, shape.seed);
  const auto length = mode == Mode::decode ? 1 : shape.context;
  const AttentionShape attention{size.heads, shape.context, shape.dropout};
  const ir::Value tokens = l.input("tokens", {DType::i32, {shape.batch, length}});
  ir::Value x = l.embedding("embedding", tokens, shape.vocabulary, size.features, deviation);
  x = l.dropout(l.add_positions("positions", x, shape.context, deviation), shape.dropout);
  for (std::int64_t i = 0; i < size.layers; ++i) {
    const auto part = [&](std::string_view which) { return fmt::format("layer{}.{}", i, which); };
    const ir::Value seen =
        l.causal_attention(part("attention"), l.layer_norm(part("norm1"), x), attention);
    x = l.add(x, l.dropout(seen, shape.dropout));
    const ir::Value thought = feed_forward(l, part("feed_forward"), l.layer_norm(part("norm2"), x));
    x = l.add(x, l.dropout(thought, shape.dropout));
  }
  x = l.layer_norm("norm", x);
  l.output("logits", l.against_table("embedding", x));
  return l.finish();
}

}  // namespace gnomon::train
