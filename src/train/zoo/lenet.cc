#include "train/zoo/zoo.h"

namespace gnomon::train {

ir::Program lenet(std::string name, const ModelShape& shape, Mode mode) {
  Layers l(std::move(name), mode, shape.seed);
  ir::Value x = l.image(shape);
  x = l.relu(l.convolution("conv1", x, {.channels = 6, .kernel = 5, .padding = 2}));
  x = l.max_pool(x);
  x = l.relu(l.convolution("conv2", x, {.channels = 16, .kernel = 5}));
  x = l.max_pool(x);
  x = l.flatten(x);
  x = l.dropout(l.relu(l.linear("fc1", x, 120)), shape.dropout);
  x = l.dropout(l.relu(l.linear("fc2", x, 84)), shape.dropout);
  l.output("logits", l.linear("fc3", x, shape.classes));
  return l.finish();
}

}  // namespace gnomon::train
