#include "base/file_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"

namespace gnomon {
namespace {

class FileLockTest : public ::testing::Test {
 protected:
  void SetUp() override { create_folder(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("gnomon_lock_{}", ::getpid());
  const std::filesystem::path file = folder / "lock";
};

TEST_F(FileLockTest, OneHolderAtATime) {
  EXPECT_FALSE(is_locked(file));
  {
    const auto lock = FileLock::take(file, Seconds(0));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_locked(file));
    EXPECT_FALSE(FileLock::take(file, Seconds(0)));
    EXPECT_EQ(lock_holder(file), fmt::format("process {}", ::getpid()));
  }
  EXPECT_FALSE(is_locked(file));
  EXPECT_TRUE(FileLock::take(file, Seconds(0)));
}

TEST_F(FileLockTest, WaitsForAChildThatOutlivesTheHolder) {
  auto lock = FileLock::take(file, Seconds(0));
  const pid_t child = ::fork();
  if (child == 0) {
    ::usleep(100'000);
    ::_exit(0);
  }
  lock.reset();  // the child still shares it
  EXPECT_FALSE(FileLock::take(file, Seconds(0)));
  EXPECT_TRUE(FileLock::take(file, Seconds(30)));
  ::waitpid(child, nullptr, 0);
}

TEST_F(FileLockTest, NoFolder) {
  EXPECT_THROW(FileLock::take(folder / "none" / "lock", Seconds(0)), EnvironmentError);
}

}  // namespace
}  // namespace gnomon
