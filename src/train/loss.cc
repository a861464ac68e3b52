#include "train/loss.h"

#include <algorithm>

#include "base/error.h"
#include "ir/builder.h"

namespace gnomon::train {
namespace {

using ir::Builder;
using ir::Program;
using ir::Value;

Value logits_of(const Program& program) {
  const auto found = std::find_if(program.outputs.begin(), program.outputs.end(),
                                  [](const ir::Output& output) { return output.name == "logits"; });
  if (found == program.outputs.end() || program.type(found->value).rank() != 2)
    throw InputError("{}: has no output \"logits\" of two dimensions, batch and classes",
                     program.name);
  return found->value;
}

}  // namespace

Program with_cross_entropy(Program classifier) {
  const Value logits = logits_of(classifier);
  const auto outputs = classifier.outputs;
  Builder b = Builder::extend(std::move(classifier));
  b.label("loss");
  for (const auto& output : outputs) b.output(output.name, output.value);
  const ir::Dims dims = b.type(logits).dims;
  const Value label = b.input("label", {DType::i32, {dims[0]}});
  const Value chosen =
      b(ir::Multiply{}, {b(ir::LogSoftmax{}, {logits}), b(ir::OneHot{dims[1].size}, {label})});
  const Value total = b(ir::Sum{2, {0, 1}}, {chosen});
  b.output("loss", b(ir::Negate{}, {b(ir::Divide{}, {total, b(ir::Extent{{0}}, {logits})})}));
  return b.finish();
}

Program with_prediction(Program classifier) {
  const Value logits = logits_of(classifier);
  const auto outputs = classifier.outputs;
  Builder b = Builder::extend(std::move(classifier));
  b.label("prediction");
  for (const auto& output : outputs) b.output(output.name, output.value);
  b.output("prediction", b(ir::ArgMax{}, {logits}));
  return b.finish();
}

}  // namespace gnomon::train
