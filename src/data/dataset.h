#pragma once

// Labelled examples, whole in memory.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace gnomon::data {

// Pixels become (p / 255 − mean) / deviation. Both are of the training images, for every split.
struct Normalisation {
  double mean = 0;
  double deviation = 1;

  bool operator==(const Normalisation&) const = default;
};

struct Dataset {
  // [n, ...]: u8 images [n, channels, height, width] of 0 … 255, normalised when they are loaded;
  // or f32 arrays, or i32 tokens, loaded as they are.
  Tensor inputs;
  // [n, ...]: class numbers (u8 or i32), or f32 targets.
  Tensor labels;
  std::vector<std::string> classes;  // what class numbers stand for; empty if unknown
  Normalisation normalisation;       // of u8 images
  std::string hash;  // hash128 of the bytes of inputs and labels: identifies the data in records

  std::int64_t size() const { return inputs.shape().empty() ? 0 : inputs.shape()[0]; }
};

struct Splits {
  Dataset train;
  Dataset test;
};

// Where Debian's package dataset-fashion-mnist puts its files.
inline constexpr std::string_view fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";

// The data sets that `load_dataset` knows.
const std::vector<std::string>& dataset_names();

// Loads from where the system's package puts it. Throws InputError with the nearest name, and
// otherwise as the loaders below.
Splits load_dataset(std::string_view name);

// The test part alone, of Fashion-MNIST several times sooner: the normalisation is a constant known
// of the training images, which are not read. Throws as load_dataset.
Dataset load_test_split(std::string_view name);

// Fashion-MNIST (Xiao, Rasul, Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking
// machine learning algorithms", 2017): 60,000 training and 10,000 test images of 28 × 28, ten
// classes; four gzipped IDX files, as Debian's package dataset-fashion-mnist installs them. Throws
// EnvironmentError with the line that installs it if a file is absent, InputError if one is damaged
// or does not fit the others.
Splits load_fashion_mnist(const std::filesystem::path& folder = fashion_mnist_folder);

// Checks that each example has a label, that element types can be loaded and that numbers are
// finite; sets the hash and, of u8 images, the moments.
// Throws InputError that opens with `who`.
Dataset make_dataset(std::string_view who, Tensor inputs, Tensor labels,
                     std::vector<std::string> classes = {});

// The mean and deviation of u8 images, exact up to the last division.
Normalisation moments(const Tensor& images);

// The examples of these numbers, in this order; classes and normalisation stay.
Dataset take(const Dataset& data, std::span<const std::int64_t> examples);

// The first `count` examples, or all if there are fewer; the normalisation stays. For quick trials.
Dataset first(const Dataset& data, std::int64_t count);

}  // namespace gnomon::data
