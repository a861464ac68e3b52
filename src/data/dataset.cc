#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/hash.h"
#include "base/nearest.h"
#include "data/idx.h"

namespace gnomon::data {
namespace {

constexpr std::int64_t side = 28;

// moments() of the 60,000 training images of Fashion-MNIST, as a test checks.
constexpr Normalisation fashion_mnist_moments{.mean = 0.28604059698879547,
                                              .deviation = 0.3530242445149227};

std::string content_hash(const Dataset& data) {
  const auto hash = [](const Tensor& t) {
    return hash128(std::span<const std::byte>(t.data(), t.bytes()));
  };
  return hash128(hash(data.inputs) + hash(data.labels));
}

void check_split(const Dataset& data, const std::filesystem::path& images,
                 const std::filesystem::path& labels) {
  const Shape& shape = data.inputs.shape();
  if (data.inputs.dtype() != DType::u8 || shape.size() != 3 || shape[1] != side ||
      shape[2] != side || shape[0] == 0)
    throw InputError("{}: holds {}{}, not u8[n, 28, 28]; this is not Fashion-MNIST",
                     images.string(), name(data.inputs.dtype()), to_string(shape));
  if (data.labels.dtype() != DType::u8 || data.labels.shape() != Shape{shape[0]})
    throw InputError("{}: holds {}{}, not one u8 label for each of {} images; fetch both again",
                     labels.string(), name(data.labels.dtype()), to_string(data.labels.shape()),
                     shape[0]);
  const auto values = data.labels.span<std::uint8_t>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] >= data.classes.size())
      throw InputError("{}: label {} is {}, but there are {} classes; fetch the file again",
                       labels.string(), i, values[i], data.classes.size());
}

Dataset load_split(const std::filesystem::path& folder, const std::string& prefix) {
  const auto images = folder / (prefix + "-images-idx3-ubyte.gz");
  const auto labels = folder / (prefix + "-labels-idx1-ubyte.gz");
  for (const auto& file : {images, labels})
    if (!std::filesystem::exists(file))
      throw EnvironmentError(
          "{}: no such file; install Fashion-MNIST: apt-get install dataset-fashion-mnist",
          file.string());
  Dataset data;
  data.inputs = read_idx(images);
  data.labels = read_idx(labels);
  data.classes = {"T-shirt/top", "trouser", "pullover", "dress", "coat",
                  "sandal",      "shirt",   "sneaker",  "bag",   "ankle boot"};
  check_split(data, images, labels);
  data.inputs = reshaped(data.inputs, {data.size(), 1, side, side});
  data.hash = content_hash(data);
  return data;
}

// Several times sooner than both parts: the training images are not read.
Dataset load_fashion_mnist_test() {
  Dataset test = load_split(fashion_mnist_folder, "t10k");
  test.normalisation = fashion_mnist_moments;
  return test;
}

struct KnownDataset {
  std::string_view name;
  Splits (*load)();
  Dataset (*load_test)();
};

// The only list of named data sets.
constexpr KnownDataset known_datasets[] = {
    {"fashion-mnist", [] { return load_fashion_mnist(); }, load_fashion_mnist_test},
};

const KnownDataset& find_dataset(std::string_view name) {
  for (const auto& known : known_datasets)
    if (known.name == name) return known;
  throw InputError("data set '{}' is unknown; {}", name, suggest(name, dataset_names()));
}

// Training would diverge at once, and blame the learning rate.
void require_finite(std::string_view who, std::string_view what, const Tensor& tensor) {
  if (tensor.dtype() != DType::f32) return;
  const auto values = tensor.span<float>();
  const auto bad = std::find_if_not(values.begin(), values.end(),
                                    [](float value) { return std::isfinite(value); });
  if (bad != values.end())
    throw InputError("{}: {}: number {}, counted from 0, holds {}; mend it or leave it out", who,
                     what, (bad - values.begin()) / (tensor.count() / tensor.shape()[0]), *bad);
}

}  // namespace

Dataset make_dataset(std::string_view who, Tensor inputs, Tensor labels,
                     std::vector<std::string> classes) {
  const auto is_one_of = [](DType type, std::initializer_list<DType> allowed) {
    return std::find(allowed.begin(), allowed.end(), type) != allowed.end();
  };
  if (!is_one_of(inputs.dtype(), {DType::u8, DType::f32, DType::i32}) || inputs.shape().empty())
    throw InputError("{}: examples are {}{}; u8 images, f32 arrays or i32 tokens are taken", who,
                     name(inputs.dtype()), to_string(inputs.shape()));
  if (!is_one_of(labels.dtype(), {DType::u8, DType::f32, DType::i32}) || labels.shape().empty() ||
      labels.shape()[0] != inputs.shape()[0])
    throw InputError(
        "{}: labels are {}{} for examples {}; one per example is needed, as class "
        "numbers (u8, i32) or f32 targets",
        who, name(labels.dtype()), to_string(labels.shape()), to_string(inputs.shape()));
  require_finite(who, "examples", inputs);
  require_finite(who, "labels", labels);
  Dataset data;
  data.inputs = std::move(inputs);
  data.labels = std::move(labels);
  data.classes = std::move(classes);
  if (data.inputs.dtype() == DType::u8) data.normalisation = moments(data.inputs);
  data.hash = content_hash(data);
  return data;
}

Normalisation moments(const Tensor& images) {
  std::array<std::int64_t, 256> histogram{};
  for (const auto pixel : images.span<std::uint8_t>()) ++histogram[pixel];
  double sum = 0, squares = 0;
  for (std::size_t value = 0; value < histogram.size(); ++value) {
    const double scaled = static_cast<double>(value) / 255;
    sum += scaled * static_cast<double>(histogram[value]);
    squares += scaled * scaled * static_cast<double>(histogram[value]);
  }
  const auto n = static_cast<double>(images.count());
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  return {.mean = mean, .deviation = variance > 0 ? std::sqrt(variance) : 1};
}

Dataset take(const Dataset& data, std::span<const std::int64_t> examples) {
  const auto rows = [&](const Tensor& all) {
    Shape shape = all.shape();
    const std::size_t bytes = all.bytes() / static_cast<std::size_t>(shape[0]);
    shape[0] = static_cast<std::int64_t>(examples.size());
    Tensor part(all.dtype(), shape);
    for (std::size_t i = 0; i < examples.size(); ++i)
      std::memcpy(part.data() + i * bytes,
                  all.data() + static_cast<std::size_t>(examples[i]) * bytes, bytes);
    return part;
  };
  Dataset part{rows(data.inputs), rows(data.labels), data.classes, data.normalisation, {}};
  part.hash = content_hash(part);
  return part;
}

const std::vector<std::string>& dataset_names() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const auto& known : known_datasets) all.emplace_back(known.name);
    return all;
  }();
  return names;
}

Splits load_dataset(std::string_view name) { return find_dataset(name).load(); }

Dataset load_test_split(std::string_view name) { return find_dataset(name).load_test(); }

Splits load_fashion_mnist(const std::filesystem::path& folder) {
  Splits splits{.train = load_split(folder, "train"), .test = load_split(folder, "t10k")};
  splits.train.normalisation = moments(splits.train.inputs);
  splits.test.normalisation = splits.train.normalisation;
  return splits;
}

Dataset first(const Dataset& data, std::int64_t count) {
  if (count < 1) throw InputError("data set: {} examples asked for; ask for at least one", count);
  if (count >= data.size()) return data;
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return take(data, numbers);
}

}  // namespace gnomon::data
