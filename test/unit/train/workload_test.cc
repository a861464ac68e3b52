#include "train/workload.h"

#include <gtest/gtest.h>

#include <filesystem>

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

}  // namespace
}  // namespace gnomon::train
