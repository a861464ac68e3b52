#include "train/loss.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/nearest.h"
#include "ir/builder.h"

namespace gnomon::train {
namespace {

using ir::Builder;
using ir::Program;
using ir::Value;

Value logits_of(const Program& program, std::size_t least_rank) {
  const auto found = std::find_if(program.outputs.begin(), program.outputs.end(),
                                  [](const ir::Output& output) { return output.name == "logits"; });
  if (found == program.outputs.end())
    throw InputError("{}: has no output \"logits\", which the loss is taken of", program.name);
  const ir::Type& type = program.type(found->value);
  if (!is_float(type.dtype) || type.rank() < least_rank)
    throw InputError(
        "{}: \"logits\" is {}; the loss takes floating-point elements in at least {} "
        "dimensions",
        program.name, to_string(type), least_rank);
  return found->value;
}

std::vector<std::int64_t> first_axes(std::size_t count) {
  std::vector<std::int64_t> axes(count);
  std::iota(axes.begin(), axes.end(), std::int64_t{0});
  return axes;
}

Value total(Builder& b, Value x) {
  const auto rank = b.type(x).rank();
  return b(ir::Sum{static_cast<std::int64_t>(rank), first_axes(rank)}, {x});
}

Value cross_entropy(Builder& b, Value logits, double smoothing) {
  ir::Dims dims = b.type(logits).dims;
  const auto classes = dims.back().size;
  dims.pop_back();
  const Value label = b.input("label", {DType::i32, dims});
  const Value log_share = b(ir::LogSoftmax{}, {logits});
  Value chosen = total(b, b(ir::Multiply{}, {log_share, b(ir::OneHot{classes}, {label})}));
  if (smoothing > 0) {
    const Value all = total(b, log_share);
    const Value label_part = b(ir::Multiply{}, {chosen, b.full_like(chosen, 1 - smoothing)});
    const Value even_part =
        b(ir::Multiply{}, {all, b.full_like(all, smoothing / static_cast<double>(classes))});
    chosen = b(ir::Add{}, {label_part, even_part});
  }
  const Value count = b(ir::Extent{first_axes(dims.size())}, {logits});
  return b(ir::Negate{}, {b(ir::Divide{}, {chosen, count})});
}

Value mean_squared_error(Builder& b, Value logits) {
  const ir::Dims dims = b.type(logits).dims;
  const Value label = b.input("label", {DType::f32, dims});
  const Value difference = b(ir::Subtract{}, {logits, label});
  const Value square = total(b, b(ir::Multiply{}, {difference, difference}));
  return b(ir::Divide{}, {square, b(ir::Extent{first_axes(dims.size())}, {logits})});
}

}  // namespace

const std::vector<std::string>& loss_names() {
  static const std::vector<std::string> names = {"cross-entropy", "mean-squared-error"};
  return names;
}

Loss loss_named(std::string_view name) {
  for (std::size_t i = 0; i < loss_names().size(); ++i)
    if (loss_names()[i] == name) return static_cast<Loss>(i);
  throw InputError("loss {}: unknown; {}", name, suggest(name, loss_names()));
}

Program with_loss(Program model, Loss loss, double smoothing) {
  if (!(smoothing >= 0 && smoothing < 1))
    throw InputError("label smoothing {}: must be at least 0 and below 1", smoothing);
  const Value logits = logits_of(model, loss == Loss::cross_entropy ? 2 : 1);
  const auto outputs = model.outputs;
  Builder b = Builder::extend(std::move(model));
  b.label("loss");
  for (const auto& output : outputs) b.output(output.name, output.value);
  b.output("loss", loss == Loss::cross_entropy ? cross_entropy(b, logits, smoothing)
                                               : mean_squared_error(b, logits));
  return b.finish();
}

std::size_t output_index(const Program& program, std::string_view name) {
  for (std::size_t i = 0; i < program.outputs.size(); ++i)
    if (program.outputs[i].name == name) return i;
  throw InputError("{}: has no output \"{}\"", program.name, name);
}

Program with_prediction(Program classifier) {
  const Value logits = logits_of(classifier, 2);
  const auto outputs = classifier.outputs;
  Builder b = Builder::extend(std::move(classifier));
  b.label("prediction");
  for (const auto& output : outputs) b.output(output.name, output.value);
  b.output("prediction", b(ir::ArgMax{}, {logits}));
  return b.finish();
}

}  // namespace gnomon::train
