#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "train/workload.h"

namespace gnomon::train {
namespace {

class Judging : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // `rows` points, numbered in their first feature.
  std::string table(const std::string& name, int rows) const {
    std::string text;
    for (int i = 0; i < rows; ++i) text += fmt::format("{},1,{}\n", i, i % 2);
    return written(name, text);
  }

  std::string written(const std::string& name, const std::string& text) const {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(Judging, TakesWhatTrainingSetApartOfDataWithTheSameContents) {
  const auto trained = load_workload(table("points.csv", 30), {}).splits;
  const auto judged = load_judged(table("copy.csv", 30), {}, {trained.train.hash});
  EXPECT_EQ(judged.part, JudgedPart::set_apart);
  EXPECT_EQ(judged.examples.hash, trained.test.hash);
  const TrainedOn few{data::first(trained.train, 7).hash, 7};
  EXPECT_EQ(load_judged(table("copy.csv", 30), {}, few).part, JudgedPart::set_apart);
}

TEST_F(Judging, TakesAllOfOtherFilesInTheirOrder) {
  const auto trained = load_workload(table("points.csv", 30), {}).splits;
  const auto judged = load_judged(table("points.csv", 20), {}, {trained.train.hash});
  EXPECT_EQ(judged.part, JudgedPart::all);
  ASSERT_EQ(judged.examples.size(), 20);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(judged.examples.inputs.span<float>()[static_cast<std::size_t>(i) * 2],
              static_cast<float>(i));
  EXPECT_EQ(load_judged(table("one.csv", 1), {}, {}).examples.size(), 1);
}

TEST_F(Judging, TakesAllOfAnotherText) {
  const std::string book(400, 'a'), other(100, 'a');
  const auto trained = load_workload(written("book.txt", book), {.context = 8});
  const DataOptions text{.context = 8, .tokeniser = trained.tokeniser};
  const TrainedOn on{trained.splits.train.hash};
  const auto same = load_judged(written("book.txt", book), text, on);
  EXPECT_EQ(same.part, JudgedPart::set_apart);
  EXPECT_EQ(same.examples.hash, trained.splits.test.hash);
  const auto judged = load_judged(written("other.txt", other), text, on);
  EXPECT_EQ(judged.part, JudgedPart::all);
  EXPECT_EQ(judged.examples.size(), 12);
}

}  // namespace
}  // namespace gnomon::train
