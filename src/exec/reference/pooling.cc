#include "exec/reference/named.h"

#include "base/error.h"

namespace gnomon::exec::reference {
namespace {

struct Plane {
  std::int64_t height, width;
};

// Adds each output gradient of one plane to the first maximum of its window; returns the taps
// visited.
template <typename T>
std::int64_t scatter(const ir::MaxPoolGradient& op, Plane image, Plane output, const T* x,
                     const T* gradient, T* result) {
  std::int64_t taps = 0;
  for (std::int64_t i = 0; i < output.height; ++i)
    for (std::int64_t j = 0; j < output.width; ++j) {
      std::int64_t best = -1;
      for (std::int64_t r = 0; r < op.kernel[0]; ++r)
        for (std::int64_t s = 0; s < op.kernel[1]; ++s) {
          const auto h = op.stride[0] * i + r - op.padding[0];
          const auto w = op.stride[1] * j + s - op.padding[1];
          if (h < 0 || h >= image.height || w < 0 || w >= image.width) continue;
          const auto at = h * image.width + w;
          if (best < 0 || x[best] < x[at]) best = at;
          ++taps;
        }
      if (best >= 0) result[best] += gradient[i * output.width + j];
    }
  return taps;
}

template <typename T>
Tensor max_pool_gradient(const ir::MaxPoolGradient& op, const Call& call) {
  const Tensor images = convert(*call.operands[0], dtype_of<T>());
  const Tensor gradients = convert(*call.operands[1], dtype_of<T>());
  Tensor result(dtype_of<T>(), images.shape());
  const Plane image{images.shape()[2], images.shape()[3]};
  const Plane output{gradients.shape()[2], gradients.shape()[3]};
  for (std::int64_t plane = 0; plane < images.shape()[0] * images.shape()[1]; ++plane) {
    const auto at = plane * image.height * image.width;
    call.points +=
        scatter(op, image, output, images.template span<T>().data() + at,
                gradients.template span<T>().data() + plane * output.height * output.width,
                result.template span<T>().data() + at);
  }
  return convert(result, call.result_dtype());
}

}  // namespace

std::vector<Tensor> evaluate(const ir::MaxPoolGradient& op, const Call& call) {
  std::vector<Tensor> results;
  results.push_back(call.result_dtype() == DType::f64 ? max_pool_gradient<double>(op, call)
                                                      : max_pool_gradient<float>(op, call));
  return results;
}

}  // namespace gnomon::exec::reference
