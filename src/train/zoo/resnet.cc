#include <fmt/format.h>

#include "train/zoo/zoo.h"

namespace gnomon::train {
namespace {

// relu(x' + norm(conv(relu(norm(conv(x)))))), x' = x or its projection where the shape changes.
ir::Value basic_block(Layers& l, const std::string& name, ir::Value x, std::int64_t channels,
                      std::int64_t stride) {
  const auto convolve = [&](const std::string& which, ir::Value from, std::int64_t kernel,
                            std::int64_t step) {
    return l.convolution(name + "." + which, from,
                         {.channels = channels,
                          .kernel = kernel,
                          .stride = step,
                          .padding = kernel / 2,
                          .bias = false});
  };
  ir::Value inner = l.batch_norm(name + ".bn1", convolve("conv1", x, 3, stride));
  inner = l.batch_norm(name + ".bn2", convolve("conv2", l.relu(inner), 3, 1));
  if (l.type(x).dims != l.type(inner).dims)
    x = l.batch_norm(name + ".shortcut_bn", convolve("shortcut", x, 1, stride));
  return l.relu(l.add(inner, x));
}

}  // namespace

ir::Program resnet(std::string name, std::int64_t blocks, std::int64_t wider,
                   const ModelShape& shape, Mode mode) {
  Layers l(std::move(name), mode, shape.seed);
  ir::Value x = l.convolution("conv", l.image(shape),
                              {.channels = 16 * wider, .kernel = 3, .padding = 1, .bias = false});
  x = l.relu(l.batch_norm("bn", x));
  for (std::int64_t stage = 0; stage < 3; ++stage)
    for (std::int64_t block = 0; block < blocks; ++block)
      x = basic_block(l, fmt::format("stage{}.{}", stage + 1, block), x, (16 * wider) << stage,
                      stage > 0 && block == 0 ? 2 : 1);
  x = l.dropout(l.global_mean(x), shape.dropout);
  l.output("logits", l.linear("fc", x, shape.classes));
  return l.finish();
}

}  // namespace gnomon::train
