#include "exec/reference/named.h"

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/random.h"

namespace gnomon::exec::reference {
namespace {

std::vector<Tensor> one(Tensor result) {
  std::vector<Tensor> results;
  results.push_back(std::move(result));
  return results;
}

// Applies f(row of the operand, row of the result) along the last dimension, computed in T.
template <typename T, typename F>
Tensor along_rows(const Call& call, F&& f) {
  const Tensor source = convert(*call.operands[0], dtype_of<T>());
  Tensor target(dtype_of<T>(), source.shape());
  const auto length = static_cast<std::size_t>(source.shape().back());
  const auto from = source.template span<T>();
  const auto to = target.template span<T>();
  for (std::size_t at = 0; at < from.size(); at += length)
    f(from.subspan(at, length), to.subspan(at, length));
  call.points += source.count();
  return convert(target, call.result_dtype());
}

// Computed as f64 where the values are kept so, otherwise as f32.
template <typename F>
std::vector<Tensor> along_rows(const Call& call, F&& f) {
  return one(call.result_dtype() == DType::f64 ? along_rows<double>(call, f)
                                               : along_rows<float>(call, f));
}

// sum exp(x - largest)
template <typename T>
T exponential_sum(std::span<const T> x, T largest) {
  T sum = 0;
  for (const T value : x) sum += std::exp(value - largest);
  return sum;
}

}  // namespace

std::vector<Tensor> evaluate(const ir::Input& op, const Call&) {
  GNOMON_CHECK(false, "input {} is bound by the program", op.argument);
}

std::vector<Tensor> evaluate(const ir::Read& op, const Call&) {
  GNOMON_CHECK(false, "state {} is read by the program", op.state);
}

std::vector<Tensor> evaluate(const ir::Write& op, const Call&) {
  GNOMON_CHECK(false, "state {} is written by the program", op.state);
}

std::vector<Tensor> evaluate(const ir::Constant& op, const Call& call) {
  return one(convert(op.blob.tensor(), call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Full& op, const Call& call) {
  Tensor value(DType::f64, call.result_shape());
  for (auto& element : value.span<double>()) element = op.value;
  return one(convert(value, call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Iota& op, const Call& call) {
  const Shape shape = call.result_shape();
  const auto axis = static_cast<std::size_t>(op.axis);
  std::int64_t inner = 1;
  for (std::size_t d = axis + 1; d < shape.size(); ++d) inner *= shape[d];
  Tensor value(DType::f64, shape);
  std::int64_t position = 0;
  for (auto& element : value.span<double>())
    element = static_cast<double>(position++ / inner % shape[axis]);
  return one(convert(value, call.result_dtype()));
}

// As many bits as the declared type holds, so that nothing is rounded up to 1 and both precisions
// draw the same.
std::vector<Tensor> evaluate(const ir::RandomUniform& op, const Call& call) {
  const auto step = static_cast<std::uint64_t>(call.operands[0]->span<std::int64_t>()[0]);
  const Random streams(static_cast<std::uint64_t>(op.seed), static_cast<std::uint64_t>(op.stream));
  const Random numbers(streams.bits(step), ir::RandomUniform::name);
  const int digits = op.type.dtype == DType::f64 ? 53 : op.type.dtype == DType::f32 ? 24 : 8;
  Tensor value(DType::f64, call.result_shape());
  std::uint64_t index = 0;
  for (auto& element : value.span<double>())
    element = std::ldexp(static_cast<double>(numbers.bits(index++) >> (64 - digits)), -digits);
  call.points += value.count();
  return one(convert(value, call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Convert&, const Call& call) {
  return one(convert(*call.operands[0], call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Reshape&, const Call& call) {
  Tensor result(call.result_dtype(), call.result_shape());
  GNOMON_CHECK(result.bytes() == call.operands[0]->bytes(), "{} from {}", to_string(result.shape()),
               to_string(call.operands[0]->shape()));
  std::memcpy(result.data(), call.operands[0]->data(), result.bytes());
  return one(std::move(result));
}

std::vector<Tensor> evaluate(const ir::Extent& op, const Call& call) {
  std::int64_t count = 1;
  for (const auto axis : op.axes)
    count *= call.operands[0]->shape()[static_cast<std::size_t>(axis)];
  return one(convert(Tensor::scalar(count), call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Softmax&, const Call& call) {
  return along_rows(call, []<typename T>(std::span<const T> x, std::span<T> y) {
    const T largest = *std::max_element(x.begin(), x.end());
    const T sum = exponential_sum(x, largest);
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = std::exp(x[i] - largest) / sum;
  });
}

std::vector<Tensor> evaluate(const ir::LogSoftmax&, const Call& call) {
  return along_rows(call, []<typename T>(std::span<const T> x, std::span<T> y) {
    const T largest = *std::max_element(x.begin(), x.end());
    const T log_sum = std::log(exponential_sum(x, largest));
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] - largest - log_sum;
  });
}

std::vector<Tensor> evaluate(const ir::ArgMax&, const Call& call) {
  const auto find = [&]<typename T>(T) {
    const Tensor source = convert(*call.operands[0], dtype_of<T>());
    const auto x = source.template span<T>();
    const auto length = static_cast<std::size_t>(source.shape().back());
    Tensor result(DType::i32, call.result_shape());
    auto position = result.span<std::int32_t>().begin();
    for (std::size_t at = 0; at < x.size(); at += length) {
      const auto row = x.subspan(at, length);
      *position++ =
          static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
    }
    call.points += source.count();
    return one(std::move(result));
  };
  return is_float(call.operands[0]->dtype()) ? find(double{}) : find(std::int64_t{});
}

std::vector<Tensor> evaluate(const ir::OneHot& op, const Call& call) {
  Tensor result(DType::f64, call.result_shape());
  const auto y = result.span<double>();
  std::size_t row = 0;
  for (const auto label : call.operands[0]->span<std::int32_t>()) {
    if (label >= 0 && label < op.classes) y[row + static_cast<std::size_t>(label)] = 1;
    row += static_cast<std::size_t>(op.classes);
  }
  call.points += result.count();
  return one(convert(result, call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::Gather&, const Call& call) {
  const Tensor table = convert(*call.operands[0], DType::f64);
  const auto from = table.span<double>();
  const std::int64_t rows = table.shape()[0];
  const auto width = static_cast<std::size_t>(table.shape()[1]);
  Tensor result(DType::f64, call.result_shape());
  auto to = result.span<double>().begin();
  for (const auto number : call.operands[1]->span<std::int32_t>()) {
    if (number >= 0 && number < rows)
      std::copy_n(from.begin() + number * static_cast<std::ptrdiff_t>(width), width, to);
    to += static_cast<std::ptrdiff_t>(width);
  }
  call.points += result.count();
  return one(convert(result, call.result_dtype()));
}

std::vector<Tensor> evaluate(const ir::ScatterAdd& op, const Call& call) {
  const Tensor vectors = convert(*call.operands[1], DType::f64);
  const auto width = static_cast<std::size_t>(vectors.shape().back());
  Tensor result(DType::f64, call.result_shape());
  const auto to = result.span<double>();
  auto from = vectors.span<double>().begin();
  for (const auto number : call.operands[0]->span<std::int32_t>()) {
    if (number >= 0 && number < op.rows)
      for (std::size_t i = 0; i < width; ++i)
        to[static_cast<std::size_t>(number) * width + i] += from[static_cast<std::ptrdiff_t>(i)];
    from += static_cast<std::ptrdiff_t>(width);
  }
  call.points += vectors.count();
  return one(convert(result, call.result_dtype()));
}

}  // namespace gnomon::exec::reference
