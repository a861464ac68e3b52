#include "train/zoo/zoo.h"

namespace gnomon::train {

ir::Program mlp(std::string name, const ModelShape& shape, Mode mode) {
  Layers l(std::move(name), mode, shape.seed);
  ir::Value x = l.flatten(l.image(shape));
  x = l.dropout(l.relu(l.linear("fc1", x, 256)), shape.dropout);
  x = l.dropout(l.relu(l.linear("fc2", x, 128)), shape.dropout);
  l.output("logits", l.linear("fc3", x, shape.classes));
  return l.finish();
}

}  // namespace gnomon::train
