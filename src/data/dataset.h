#pragma once

// Labelled images, whole in memory.

#include <filesystem>
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
  Tensor images;  // u8 [n, channels, height, width], 0 … 255
  Tensor labels;  // u8 [n], indices of `classes`
  std::vector<std::string> classes;
  Normalisation normalisation;
  std::string hash;  // hash128 of the bytes of images and labels: identifies the data in records

  std::int64_t size() const { return labels.count(); }
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

// The test images alone, several times sooner: the normalisation is a constant known of the training images, which are
// not read. Throws as load_dataset.
Dataset load_test_split(std::string_view name);

// Fashion-MNIST (Xiao, Rasul, Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking
// machine learning algorithms", 2017): 60,000 training and 10,000 test images of 28 × 28, ten
// classes; four gzipped IDX files, as Debian's package dataset-fashion-mnist installs them. Throws
// EnvironmentError with the line that installs it if a file is absent, InputError if one is damaged
// or does not fit the others.
Splits load_fashion_mnist(const std::filesystem::path& folder = fashion_mnist_folder);

// A data set of these images (u8 [n, channels, height, width]) and labels (u8 [n]), with the
// moments of its own pixels and the hash of its bytes.
Dataset make_dataset(Tensor images, Tensor labels, std::vector<std::string> classes);

// The first `count` images, or all if there are fewer; the normalisation stays. For quick trials.
Dataset first(const Dataset& data, std::int64_t count);

}  // namespace gnomon::data
