#include "train/workload.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "base/file.h"
#include "data/npz.h"
#include "train/recipe.h"

namespace gnomon::train {
namespace {

TEST(Workload, DataIsNamedByWholePathsAndShownWithoutFolders) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(with_whole_paths("fashion-mnist"), "fashion-mnist");
  EXPECT_EQ(with_whole_paths("brown"), "brown");
  EXPECT_EQ(with_whole_paths("a/book.txt"), here + "/a/book.txt");
  EXPECT_EQ(with_whole_paths("/a/book.txt"), "/a/book.txt");
  EXPECT_EQ(with_whole_paths("x.npy,b/y.npy"), here + "/x.npy," + here + "/b/y.npy");
  EXPECT_EQ(with_whole_paths("./."), here + "/");
  EXPECT_EQ(without_folders("fashion-mnist"), "fashion-mnist");
  EXPECT_EQ(without_folders("/a/x.npy,/b/y.npy"), "x.npy,y.npy");
  EXPECT_EQ(without_folders("/a/images/"), "images");
}

data::Dataset loaded(const Tensor& x, const Tensor& y, const std::string& model,
                     std::string* note) {
  const auto file = (std::filesystem::path(testing::TempDir()) / "loaded.npz").string();
  write_file(file, data::npz_bytes({{"x", x}, {"y", y}}, file));
  Recipe recipe;
  recipe.model = model;
  recipe.data = file;
  if (is_program_file(model)) recipe.program = "any";
  const auto judged = load_judged(recipe, "", std::nullopt);
  *note = judged.note;
  std::filesystem::remove(file);
  return judged.examples;
}

// They were trained on with their height as channels.
TEST(Workload, PixelsWithTheirChannelsLastAreImagesAllTheSame) {
  Tensor last(DType::u8, {2, 5, 2, 3}), first(DType::u8, {2, 3, 5, 2});
  for (int n = 0; n < 2; ++n)
    for (int p = 0; p < 10; ++p)
      for (int c = 0; c < 3; ++c)
        last.span<std::uint8_t>()[(n * 10 + p) * 3 + c] =
            first.span<std::uint8_t>()[(n * 3 + c) * 10 + p] =
                static_cast<std::uint8_t>(n * 100 + p * 5 + c);
  const Tensor labels = Tensor::of<std::uint8_t>({2}, std::array<std::uint8_t, 2>{0, 1});
  std::string note;
  EXPECT_EQ(loaded(last, labels, "lenet", &note).inputs, first);
  EXPECT_EQ(note,
            "loaded.npz: examples [n, 5, 2, 3] are read as images of 5 rows and 2 columns with the "
            "channels last (3); to have it otherwise, write them as [n, channels, rows, columns]");
  EXPECT_EQ(loaded(first, labels, "lenet", &note).inputs, first);
  EXPECT_EQ(note, "");
  EXPECT_EQ(loaded(last, labels, "own.gir", &note).inputs, last);
  const Tensor numbers = convert(last, DType::f32);
  EXPECT_EQ(loaded(numbers, labels, "lenet", &note).inputs, numbers);
}

}  // namespace
}  // namespace gnomon::train
