#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "data/loader.h"

namespace gnomon::data {
namespace {

// One image of 5 × 5 whose pixels are 1 … 25, many times.
Dataset copies(std::int64_t count) {
  Tensor images(DType::u8, {count, 1, 5, 5}), labels(DType::u8, {count});
  for (std::int64_t i = 0; i < images.count(); ++i)
    images.span<std::uint8_t>()[i] = static_cast<std::uint8_t>(1 + i % 25);
  Dataset data = make_dataset("copies", std::move(images), std::move(labels));
  data.normalisation = {.mean = 0, .deviation = 1.0 / 255};  // pixels stay as they are
  return data;
}

std::vector<std::vector<float>> images_of(const Dataset& data, const Augmentation& augmentation,
                                          std::int64_t epoch) {
  LoaderOptions options;
  options.batch_size = data.size();
  options.augmentation = augmentation;
  Loader loader(data, options);
  loader.seek({epoch, 0});
  const Batch* batch = loader.next();
  std::vector<std::vector<float>> images;
  const auto pixels = batch->inputs.span<float>();
  for (std::int64_t i = 0; i < data.size(); ++i)
    images.emplace_back(pixels.begin() + 25 * i, pixels.begin() + 25 * (i + 1));
  return images;
}

// The image shifted so, mirrored first if asked; 0 comes in at the edges.
std::vector<float> changed(int down, int right, bool mirrored) {
  std::vector<float> image;
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 5; ++x) {
      const int from_y = y + down, from_x = (mirrored ? 4 - x : x) + right;
      const bool inside = from_y >= 0 && from_y < 5 && from_x >= 0 && from_x < 5;
      image.push_back(inside ? static_cast<float>(1 + 5 * from_y + from_x) : 0.0F);
    }
  return image;
}

TEST(Augmentation, EveryShiftAndMirrorComesAndNothingElse) {
  std::set<std::vector<float>> allowed;
  for (int down = -1; down <= 1; ++down)
    for (int right = -1; right <= 1; ++right)
      for (const bool mirrored : {false, true}) allowed.insert(changed(down, right, mirrored));
  std::set<std::vector<float>> seen;
  for (const auto& image : images_of(copies(400), {1, true}, 0)) {
    EXPECT_TRUE(allowed.contains(image));
    seen.insert(image);
  }
  EXPECT_EQ(seen.size(), allowed.size());
}

TEST(Augmentation, IsAFunctionOfSeedAndEpoch) {
  const Dataset data = copies(50);
  EXPECT_EQ(images_of(data, {2, true}, 3), images_of(data, {2, true}, 3));
  EXPECT_NE(images_of(data, {2, true}, 3), images_of(data, {2, true}, 4));
}

TEST(Augmentation, NoneLeavesImagesAsTheyAre) {
  for (const auto& image : images_of(copies(10), {}, 0)) EXPECT_EQ(image, changed(0, 0, false));
}

TEST(Augmentation, TakesImagesAlone) {
  Dataset data = copies(10);
  EXPECT_THROW(images_of(data, {5, false}, 0), InputError);
  data.inputs = convert(data.inputs, DType::f32);
  EXPECT_THROW(images_of(data, {1, false}, 0), InputError);
}

}  // namespace
}  // namespace gnomon::data
