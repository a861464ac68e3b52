#include "data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "unit/error_of.h"

namespace gnomon::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* installed = "/usr/share/datasets/fashion-mnist";

std::string idx(std::initializer_list<std::int64_t> extents, std::size_t elements, char value) {
  std::string text = {0, 0, 8, static_cast<char>(extents.size())};
  for (const auto extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8)
      text.push_back(static_cast<char>(extent >> shift & 0xff));
  return text + std::string(elements, value);
}

// A small data set of the right form, whose files can then be damaged.
class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string name = (fs::temp_directory_path() / "gnomon-data-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    for (const std::string split : {"train", "t10k"}) {
      write(split + "-images-idx3-ubyte.gz", idx({3, 28, 28}, 3 * 784, 51));
      write(split + "-labels-idx1-ubyte.gz", idx({3}, 3, 9));
    }
  }
  ~Folder() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& contents) {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }
  std::string error() {
    try {
      load_fashion_mnist(folder_);
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return "accepted";
  }

  fs::path folder_;
};

TEST_F(Folder, LoadsAndNormalisesByTheTrainingImages) {
  write("t10k-images-idx3-ubyte.gz", idx({3, 28, 28}, 3 * 784, 0));
  const Splits splits = load_fashion_mnist(folder_);
  EXPECT_EQ(splits.train.inputs.shape(), (Shape{3, 1, 28, 28}));
  EXPECT_EQ(splits.train.classes.at(9), "ankle boot");
  EXPECT_DOUBLE_EQ(splits.train.normalisation.mean, 0.2);
  EXPECT_EQ(splits.test.normalisation, splits.train.normalisation);
  EXPECT_NE(splits.train.hash, splits.test.hash);
}

TEST_F(Folder, AnAbsentFileSaysHowToInstallIt) {
  fs::remove(folder_ / "t10k-labels-idx1-ubyte.gz");
  EXPECT_THROW(load_fashion_mnist(folder_), EnvironmentError);
  EXPECT_NE(error().find("apt-get install dataset-fashion-mnist"), std::string::npos) << error();
}

TEST_F(Folder, FilesThatDoNotFitAreRefused) {
  write("train-labels-idx1-ubyte.gz", idx({2}, 2, 9));
  EXPECT_NE(error().find("not one u8 label for each of 3 images"), std::string::npos) << error();
  write("train-labels-idx1-ubyte.gz", idx({3}, 3, 10));
  EXPECT_NE(error().find("label 0 is 10, but there are 10 classes"), std::string::npos) << error();
  write("train-images-idx3-ubyte.gz", idx({3, 27, 28}, 3 * 27 * 28, 0));
  EXPECT_NE(error().find("not u8[n, 28, 28]"), std::string::npos) << error();
  write("train-images-idx3-ubyte.gz", "garbage");
  EXPECT_NE(error().find("train-images-idx3-ubyte.gz: is not IDX"), std::string::npos) << error();
}

TEST_F(Folder, TheFirstImagesAreADataSetOfTheirOwn) {
  const Dataset data = load_fashion_mnist(folder_).train;
  const Dataset part = first(data, 2);
  EXPECT_EQ(part.size(), 2);
  EXPECT_EQ(part.inputs.shape(), (Shape{2, 1, 28, 28}));
  EXPECT_EQ(part.normalisation, data.normalisation);
  EXPECT_NE(part.hash, data.hash);
  EXPECT_EQ(first(data, 5).hash, data.hash);
  EXPECT_THROW(first(data, 0), InputError);
}

TEST(Dataset, UnknownNamesSuggestTheNearest) {
  try {
    load_dataset("fashon-mnist");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "data set 'fashon-mnist' is unknown; did you mean 'fashion-mnist'?");
  }
}

// Facts that the data set's authors publish.
TEST(FashionMnist, IsWhatItsAuthorsDescribe) {
  if (!fs::exists(installed)) GTEST_SKIP() << "needs the package dataset-fashion-mnist";
  const Splits splits = load_dataset("fashion-mnist");
  EXPECT_EQ(splits.train.size(), 60000);
  EXPECT_EQ(splits.test.size(), 10000);
  EXPECT_NEAR(splits.train.normalisation.mean, 0.2860, 5e-5);
  EXPECT_NEAR(splits.train.normalisation.deviation, 0.3530, 5e-5);
  const auto labels = splits.train.labels.span<std::uint8_t>();
  for (std::uint8_t label = 0; label < 10; ++label)
    EXPECT_EQ(std::count(labels.begin(), labels.end(), label), 6000) << int{label};
}

TEST(MakeDataset, NumbersThatAreNotFiniteAreNamedByTheirExample) {
  const auto inputs = Tensor::of<float>({3, 2}, std::vector<float>{1, 2, 3, 4, INFINITY, 6});
  const auto labels = Tensor::of<std::int32_t>({3}, std::vector<std::int32_t>{0, 1, 0});
  EXPECT_EQ(test::error_of([&] { make_dataset("x.npy", inputs, labels); }),
            "x.npy: examples: number 2, counted from 0, holds inf; mend it or leave it out");
}

}  // namespace
}  // namespace gnomon::data
