#include "data/image_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "unit/data/image_files.h"

namespace gnomon::data {
namespace {

namespace fs = std::filesystem;

class ImageFolder : public testing::Test {
 protected:
  ImageFolder()
      : root_(fs::path(testing::TempDir()) / ("gnomon_images_" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ImageFolder() override { fs::remove_all(root_); }

  void add(const std::string& name, const std::string& contents) {
    fs::create_directories((root_ / name).parent_path());
    write_file(root_ / name, contents);
  }

  // What goes wrong, with the folder's own path left out.
  std::string message() const {
    try {
      read_image_folder(root_);
    } catch (const InputError& error) {
      std::string text = error.what();
      for (auto at = text.find(root_.string()); at != text.npos; at = text.find(root_.string()))
        text.replace(at, root_.string().size(), "~");
      return text;
    }
    return "accepted";
  }

  fs::path root_;
};

std::string grey(unsigned char value, int width = 2) {
  return png_bytes({}, width, 1,
                   std::vector<unsigned char>(static_cast<std::size_t>(width), value));
}

TEST_F(ImageFolder, ClassesAndFilesStandInOrderOfTheirNames) {
  add("rose/a.png", grey(3));
  add("daisy/b.PNG", grey(2));
  add("daisy/a.png", grey(1));
  add("daisy/.hidden", "passed over");
  add(".git/x", "passed over");
  const Dataset data = read_image_folder(root_);
  EXPECT_EQ(data.inputs,
            Tensor::of<std::uint8_t>({3, 1, 1, 2}, std::array<std::uint8_t, 6>{1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(data.labels, Tensor::of<std::uint8_t>({3}, std::array<std::uint8_t, 3>{0, 0, 1}));
  EXPECT_EQ(data.classes, (std::vector<std::string>{"daisy", "rose"}));
  EXPECT_DOUBLE_EQ(data.normalisation.mean, 2.0 / 255);
  EXPECT_EQ(data.hash, read_image_folder(root_).hash);
}

TEST_F(ImageFolder, PngAndJpegMayStandTogether) {
  add("a/x.jpeg", jpeg_bytes(1, 2, 1, {9, 9}));
  add("a/y.png", grey(7));
  EXPECT_EQ(read_image_folder(root_).size(), 2);
}

TEST_F(ImageFolder, TheFirstImageThatDiffersIsNamed) {
  add("a/1.png", grey(1));
  add("a/2.png", grey(1));
  add("b/1.png", grey(1, 3));
  add("b/2.png", grey(1, 4));
  EXPECT_EQ(message(),
            "~/b/1.png: is 3 × 1 in grey, but ~/a/1.png is 2 × 1 in grey; make all of one size");
  add("a/2.png", png_bytes({.colour = PNG_COLOR_TYPE_RGB}, 2, 1, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(message(),
            "~/a/2.png: is 2 × 1 in colour, but ~/a/1.png is 2 × 1 in grey; make all of one size");
}

TEST_F(ImageFolder, NamesWhatIsWrongAndTheRemedy) {
  EXPECT_EQ(message(), "~: has no subfolders; make one of images for each class");
  fs::create_directories(root_ / "a");
  EXPECT_EQ(message(), "~/a: holds no images; put some in or remove the folder");
  add("a/1.png", grey(1).substr(0, 20));
  EXPECT_EQ(message(), "~/a/1.png: is damaged: it is truncated; save the image again");
  add("a/1.png", grey(1));
  add("a/2.gif", "GIF89a");
  EXPECT_EQ(message(), "~/a/2.gif: is no file named *.png, *.jpg or *.jpeg; remove it");
  fs::remove(root_ / "a/2.gif");
  fs::create_directories(root_ / "a/2.png");
  EXPECT_EQ(message(), "~/a/2.png: is no file named *.png, *.jpg or *.jpeg; remove it");
  fs::remove(root_ / "a/2.png");
  add("b.png", grey(1));
  EXPECT_EQ(message(), "~/b.png: stands beside the classes' folders; move it into one, or away");
  fs::remove_all(root_);
  EXPECT_EQ(message(), "~: cannot be read as a folder: No such file or directory");
}

TEST_F(ImageFolder, ClassesAreBounded) {
  for (int i = 0; i <= 256; ++i) add(fmt::format("{:03}/x.png", i), grey(1));
  EXPECT_EQ(message(), "~: has more than 256 subfolders, one a class; leave some out");
}

}  // namespace
}  // namespace gnomon::data
