// Bytes are a small program with its shapes, a set of passes left out and a number of threads. The
// CPU executor computes what the reference executor computes in f64, up to rounding, in two runs
// one after the other.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/error.h"
#include "base/random.h"
#include "exec/cpu/cpu.h"
#include "exec/reference/reference.h"
#include "ir/builder.h"
#include "ir/text.h"
#include "pass/pipeline.h"

namespace gnomon {
namespace {

using ir::Value;

// Choices, one byte each; 0 when they have run out.
class Choices {
 public:
  Choices(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}
  std::int64_t below(std::int64_t bound) { return size_ == 0 ? 0 : (--size_, *data_++ % bound); }
  bool any() const { return size_ > 0; }

 private:
  const unsigned char* data_;
  std::size_t size_;
};

// A matrix, and what its elements cannot exceed: rounding errors are a share of that.
struct Matrix {
  Value value;
  double bound;
};

class Generator {
 public:
  explicit Generator(Choices& bytes) : bytes_(bytes), b_("fuzzed") {
    for (auto& size : sizes_) size = 1 + bytes_.below(19);
    for (int i = 0; i < 3; ++i) {
      const ir::Type type{DType::f32, {size(), size()}};
      keep(b_.input(fmt::format("x{}", i), type), 1);
      keep(b_.parameter(fmt::format("w{}", i), type, {ir::Initial::Kind::uniform, 1}), 1);
    }
    convolve();
  }

  ir::Program program() {
    for (int i = 0; i < 24 && bytes_.any(); ++i) step();
    for (int i = 0; i < 3; ++i) {
      const Matrix& m = pick();
      b_.output(fmt::format("y{}", i), m.value);
      bounds_.push_back(m.bound);
    }
    return b_.finish();
  }

  const std::vector<double>& bounds() const { return bounds_; }  // of the outputs
  double rounding() const { return rounding_; }                  // of the widest steps taken

 private:
  ir::Dim size() { return sizes_[static_cast<std::size_t>(bytes_.below(3))]; }
  const Matrix& pick() {
    return matrices_[static_cast<std::size_t>(
        bytes_.below(static_cast<std::int64_t>(matrices_.size())))];
  }
  const ir::Type& type(const Matrix& m) const { return b_.type(m.value); }
  void keep(Value value, double bound) {
    if (bound < 1e12) matrices_.push_back({value, bound});
  }

  // A matrix that fits; the first found from a random place on.
  template <typename F>
  const Matrix* find(F&& fits) {
    const auto from =
        static_cast<std::size_t>(bytes_.below(static_cast<std::int64_t>(matrices_.size())));
    for (std::size_t i = 0; i < matrices_.size(); ++i) {
      const Matrix& m = matrices_[(from + i) % matrices_.size()];
      if (fits(type(m))) return &m;
    }
    return nullptr;
  }

  void convolve() {
    const std::int64_t channels = 1 + bytes_.below(5), filters = 1 + bytes_.below(9),
                       side = 3 + bytes_.below(8), kernel = 1 + bytes_.below(3),
                       stride = 1 + bytes_.below(2), padding = bytes_.below(2);
    const Value image = b_.input("image", {DType::f32, {sizes_[0], channels, side, side}});
    const Value weight = b_.parameter("filters", {DType::f32, {filters, channels, kernel, kernel}},
                                      {ir::Initial::Kind::uniform, 1});
    Value y = b_(ir::Convolution{{stride, stride}, {padding, padding}}, {image, weight});
    if (bytes_.below(2) == 1) y = b_(ir::Relu{}, {y});
    if (bytes_.below(2) == 1 && b_.type(y).dims[2].size > 1) y = b_(ir::MaxPool{}, {y});
    std::int64_t width = 1;
    for (std::size_t d = 1; d < 4; ++d) width *= b_.type(y).dims[d].size;
    keep(b_(ir::Reshape{{DType::f32, {sizes_[0], width}}}, {y}),
         static_cast<double>(channels * kernel * kernel));
  }

  void step() {
    const Matrix x = pick();
    const ir::Type shape = type(x);
    const auto same = [&](const ir::Type& t) { return t == shape; };
    const auto rows = static_cast<double>(shape.dims[0].size),
               columns = static_cast<double>(shape.dims[1].size);
    switch (bytes_.below(14)) {
      case 0:
      case 1: {
        const Matrix y = *find(same);
        return keep(b_(ir::Add{}, {x.value, y.value}), x.bound + y.bound);
      }
      case 2: {
        const Matrix y = *find(same);
        return keep(b_(ir::Multiply{}, {x.value, y.value}), x.bound * y.bound);
      }
      case 3: {
        const Matrix y = *find(same);
        return keep(b_(ir::Maximum{}, {x.value, y.value}), std::max(x.bound, y.bound));
      }
      case 4:
        return keep(b_(ir::Relu{}, {x.value}), x.bound);
      case 5:
        return keep(b_(ir::Tanh{}, {x.value}), std::max(1.0, x.bound));
      case 6:
        return keep(b_(ir::Exp{}, {b_(ir::Tanh{}, {x.value})}), 3 * std::max(1.0, x.bound));
      case 7:
        return keep(b_(ir::Transpose{{1, 0}}, {x.value}), x.bound);
      case 8: {
        const Value sum = b_(ir::Sum{2, {bytes_.below(2)}}, {x.value});
        const bool over_rows = b_.type(sum).dims[0] == shape.dims[1];
        return keep(b_(ir::Broadcast{{over_rows ? 1 : 0}, shape}, {sum}), x.bound * rows * columns);
      }
      case 9:
        return keep(b_(ir::Softmax{}, {b_(ir::Tanh{}, {x.value})}), std::max(1.0, x.bound));
      case 10:
        return keep(b_(ir::LogSoftmax{}, {b_(ir::Tanh{}, {x.value})}), 8 * std::max(1.0, x.bound));
      case 11:
        return convert(x);
      default:
        return multiply(x);
    }
  }

  void convert(const Matrix& x) {
    rounding_ = 1.0 / 256;
    keep(b_(ir::Convert{DType::f32}, {b_(ir::Convert{DType::bf16}, {x.value})}), x.bound);
  }

  void multiply(const Matrix& x) {
    const ir::MatMul op{bytes_.below(2) == 1, bytes_.below(2) == 1};
    const ir::Dim inner = type(x).dims[op.transpose_lhs ? 0 : 1];
    const Matrix* y =
        find([&](const ir::Type& t) { return t.dims[op.transpose_rhs ? 1 : 0] == inner; });
    if (y == nullptr) return;
    const Matrix rhs = *y;
    keep(b_(op, {x.value, rhs.value}), static_cast<double>(inner.size) * x.bound * rhs.bound);
  }

  Choices& bytes_;
  ir::Builder b_;
  std::int64_t sizes_[3] = {};
  std::vector<Matrix> matrices_;
  std::vector<double> bounds_;
  double rounding_ = 1.0 / (1 << 24);
};

std::vector<Tensor> arguments_of(const ir::Program& program) {
  std::vector<Tensor> arguments;
  for (const auto node : ir::inputs_of(program)) {
    const auto& input = std::get<ir::Input>(program.nodes[node].op);
    const Random random(1, input.argument);
    arguments.emplace_back(DType::f32, ir::bound_shape(input.type.dims));
    std::uint64_t draw = 0;
    for (auto& x : arguments.back().span<float>())
      x = static_cast<float>(2 * random.uniform(draw++) - 1);
  }
  return arguments;
}

std::vector<Tensor> outputs_of(exec::Executor& executor, const ir::Program& program) {
  const auto arguments = arguments_of(program);
  std::vector<const Tensor*> pointers;
  for (const auto& argument : arguments) pointers.push_back(&argument);
  exec::States states(program, 1);
  std::vector<Tensor> outputs;
  const auto executable = executor.compile(program);
  for (int run = 0; run < 2; ++run) executable->run(pointers, states, outputs);
  return outputs;
}

void compare(Choices bytes) {
  exec::CpuOptions options;
  options.threads = 1 + static_cast<int>(bytes.below(2));
  for (const auto* step : {"simplify", "fuse", "layout"})
    if (bytes.below(2) == 1) options.without.insert(step);
  Generator generator(bytes);
  const auto program = generator.program();
  exec::ReferenceExecutor reference(exec::Precision::f64);
  exec::CpuExecutor cpu(options);
  const auto expected = outputs_of(reference, program), seen = outputs_of(cpu, program);
  for (std::size_t o = 0; o < seen.size(); ++o) {
    const Tensor want = gnomon::convert(expected[o], DType::f64),
                 got = gnomon::convert(seen[o], DType::f64);
    GNOMON_CHECK(want.shape() == got.shape(), "output {}", o);
    const double tolerance = 100 * generator.rounding() * generator.bounds()[o];
    for (std::size_t i = 0; i < want.span<double>().size(); ++i)
      GNOMON_CHECK(std::abs(want.span<double>()[i] - got.span<double>()[i]) <= tolerance,
                   "output {} element {}: {} expected, {} seen; {} threads, without {}\n{}", o, i,
                   want.span<double>()[i], got.span<double>()[i], options.threads,
                   fmt::join(options.without, ", "), ir::print(program));
  }
}

}  // namespace
}  // namespace gnomon

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  gnomon::compare(gnomon::Choices(data, size));
  return 0;
}
