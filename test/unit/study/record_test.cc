#include "study/record.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "unit/error_of.h"

namespace gnomon::study {
namespace {

namespace fs = std::filesystem;

class RecordsTest : public testing::Test {
 protected:
  RecordsTest() { fs::create_directories(folder); }
  ~RecordsTest() override { fs::remove_all(folder); }

  std::string opening() const {
    return test::error_of([&] { Records records{file}; });
  }

  static std::int64_t begin(Records& records) {
    study::Run run;
    run.study = "s";
    run.hash = "h";
    run.environment = "e";
    run.started = "now";
    return records.begin(run, "spec");
  }
  static std::vector<Observed> block(int number) {
    std::vector<Observed> result(2);
    for (int i = 0; i < 2; ++i) {
      result[static_cast<std::size_t>(i)].replicate.block = number;
      result[static_cast<std::size_t>(i)].replicate.position = i;
      result[static_cast<std::size_t>(i)].replicate.values = {{"wall", 0.1 * (i + 1)}};
    }
    return result;
  }

  const fs::path folder =
      fs::path(testing::TempDir()) / ("gnomon_records_" + std::to_string(::getpid()));
  const fs::path file = folder / "records.sqlite";
};

TEST_F(RecordsTest, KeepsRunsBlocksAndReplicates) {
  std::int64_t id = 0;
  {
    Records records(file);
    id = begin(records);
    records.add_block(id, 0, {"t", Seconds(2), 0.5, Seconds(0.1)}, block(0));
    records.add_block(id, 1, {"t", Seconds(3), 1.5, Seconds(0.2)}, block(1));
    records.fix_most_blocks(id, 12);
  }
  const Records records(file);
  ASSERT_TRUE(records.resumable("h", "e").has_value());
  EXPECT_EQ(records.resumable("h", "e")->blocks, 2);
  EXPECT_EQ(records.resumable("h", "e")->most_blocks, 12);
  EXPECT_FALSE(records.resumable("h", "other host").has_value());
  EXPECT_EQ(records.measured(id), Seconds(5));
  EXPECT_EQ(records.highest_load(id), 1.5);
  const auto replicates = records.replicates(id);
  ASSERT_EQ(replicates.size(), 4u);
  EXPECT_EQ(replicates[3].block, 1);
  EXPECT_EQ(replicates[3].values.at("wall"), 0.2);
}

TEST_F(RecordsTest, AFinishedRunIsNotContinued) {
  Records records(file);
  const auto id = begin(records);
  EXPECT_THROW(records.report(id), InputError) << "killed before the first look";
  records.conclude(id, "stopped", "{}");
  EXPECT_TRUE(records.resumable("h", "e").has_value());
  records.conclude(id, "finished", "{}");
  EXPECT_FALSE(records.resumable("h", "e").has_value());
  EXPECT_EQ(records.report(id), "{}");
  EXPECT_THROW(records.run(99), InputError);
}

TEST_F(RecordsTest, ABlockIsAllOrNothing) {
  Records records(file);
  const auto id = begin(records);
  auto twice = block(0);
  twice[1].replicate.position = 0;
  EXPECT_ANY_THROW(records.add_block(id, 0, {"t", Seconds(1), 0, {}}, twice));
  EXPECT_EQ(records.replicates(id).size(), 0u);
  EXPECT_EQ(records.run(id).blocks, 0);
  records.add_block(id, 0, {"t", Seconds(1), 0, {}}, block(0));
  EXPECT_EQ(records.run(id).blocks, 1);
}

TEST_F(RecordsTest, NotADatabase) {
  write_file(file, std::string(5000, 'x'));
  EXPECT_EQ(opening(), file.string() + ": is not a record file; give another with --records");
}

TEST_F(RecordsTest, ADatabaseOfAnotherProgram) {
  { Database(file).run("CREATE TABLE theirs(x)"); }
  EXPECT_EQ(opening(),
            file.string() + ": is a database of another program; give another file with --records");
}

TEST_F(RecordsTest, ANewerSchema) {
  { Records{file}; }
  { Database(file).run("PRAGMA user_version = 99"); }
  EXPECT_EQ(opening(), file.string() +
                           ": was written by a newer gnomon (schema 99, this one knows 1); update, "
                           "or give another file with --records");
}

TEST_F(RecordsTest, ADamagedFile) {
  {
    Records records(file);
    const auto id = begin(records);
    for (int b = 0; b < 50; ++b) records.add_block(id, b, {"t", Seconds(1), 0, {}}, block(b));
  }
  std::string bytes = read_file(file, Bytes(1 << 24));
  ASSERT_GT(bytes.size(), 20000u);
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  write_file(file, bytes);
  EXPECT_EQ(opening().substr(0, file.string().size() + 12), file.string() + ": is damaged");
}

TEST_F(RecordsTest, ATruncatedFile) {
  { Records{file}; }
  const std::string bytes = read_file(file, Bytes(1 << 24));
  write_file(file, bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(opening().substr(0, file.string().size() + 12), file.string() + ": is damaged");
}

TEST_F(RecordsTest, AFolderThatCannotBeWritten) {
  write_file(folder / "plain", "");
  try {
    const Records refused(folder / "plain" / "records.sqlite");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("--records"), std::string::npos) << error.what();
  }
}

TEST_F(RecordsTest, HeldByAnotherStudy) {
  const FileLock lock = lock_records(file);
  try {
    lock_records(file);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()),
              fmt::format("{}: is in use by process {}; wait for it, or give another file with "
                          "--records",
                          file.string(), ::getpid()));
  }
}

TEST_F(RecordsTest, LockedByAnotherProgram) {
  Records records(file);
  Database other(file);
  Transaction theirs(other);
  EXPECT_THROW(begin(records), InputError);
}

}  // namespace
}  // namespace gnomon::study
