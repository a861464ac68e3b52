#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"

namespace gnomon {
namespace {

namespace fs = std::filesystem;

class File : public ::testing::Test {
 protected:
  File() {
    std::string name = (fs::temp_directory_path() / "gnomon-file-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~File() override { fs::remove_all(folder_); }

  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

// The message of the error that `f` throws.
template <typename Error, typename F>
std::string message_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(File, ReadsBackWhatWasWritten) {
  const std::string contents("a\0b\n", 4);
  write_file(folder_ / "x", contents);
  EXPECT_EQ(read_file(folder_ / "x", Bytes(4)), contents);
  write_file(folder_ / "x", "");
  EXPECT_EQ(read_file(folder_ / "x", Bytes(4)), "");
  EXPECT_EQ(files(), 1u);  // no temporary file stays
}

TEST(Temporary, IsToldByItsName) {
  EXPECT_EQ(name_behind_temporary("run.json.4711-0"), "run.json");
  EXPECT_EQ(name_behind_temporary("a.1-2.3-4"), "a.1-2");
  for (const auto* name : {"", "run.json", "run.json.bak", "run.json.4711", "run.json.4711-",
                           "run.json.-0", "run.json4711-0", "4711-0", ".4711-0", "2026-11"})
    EXPECT_EQ(name_behind_temporary(name), "") << name;
}

TEST_F(File, RemovesTemporariesOfTheNamesWanted) {
  for (const auto* name : {"x", "x.1-2", "y.1-2", "x.1-2.txt"}) write_file(folder_ / name, "1");
  fs::create_directory(folder_ / "x.3-4");
  remove_temporaries(folder_, [](std::string_view name) { return name == "x"; });
  EXPECT_FALSE(fs::exists(folder_ / "x.1-2"));
  EXPECT_EQ(files(), 4u);
  const auto absent = [&] { remove_temporaries(folder_ / "no", [](auto) { return true; }); };
  EXPECT_NE(message_of<EnvironmentError>(absent).find("no: cannot be read"), std::string::npos);
}

TEST_F(File, ReadRefusesWhatIsTooLargeAbsentOrNoFile) {
  write_file(folder_ / "x", "12345");
  const auto read = [&](const char* name) {
    return message_of<InputError>([&] { read_file(folder_ / name, Bytes(4)); });
  };
  EXPECT_NE(read("x").find("larger than 4 B"), std::string::npos);
  EXPECT_NE(read("y").find("No such file"), std::string::npos);
  EXPECT_NE(read("").find("is not a file"), std::string::npos);
}

// A sparse file of 1 TiB must not be allocated before it is refused.
TEST_F(File, ReadRefusesAHugeFileWithoutReadingIt) {
  write_file(folder_ / "x", "");
  fs::resize_file(folder_ / "x", std::uintmax_t{1} << 40);
  EXPECT_THROW(read_file(folder_ / "x", Bytes(1 << 20)), InputError);
}

// Files of /proc claim to be empty.
TEST_F(File, ReadsFilesWhoseSizeIsUnknown) {
  EXPECT_FALSE(read_file("/proc/self/status", Bytes(1 << 20)).empty());
}

TEST_F(File, WriteRespectsTheUmask) {
  const mode_t before = ::umask(027);
  write_file(folder_ / "x", "1");
  ::umask(before);
  struct stat facts {};
  ASSERT_EQ(::stat((folder_ / "x").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0640u);
}

TEST_F(File, AFailedWriteNamesTheCauseAndChangesNothing) {
  fs::create_directory(folder_ / "taken");
  write_file(folder_ / "taken/inside", "1");
  const auto message = message_of<EnvironmentError>([&] { write_file(folder_ / "taken", "new"); });
  EXPECT_NE(message.find("nothing was changed"), std::string::npos) << message;
  EXPECT_EQ(read_file(folder_ / "taken/inside", Bytes(9)), "1");
  EXPECT_EQ(files(), 1u);
  EXPECT_THROW(write_file(folder_ / "absent/x", "1"), EnvironmentError);
}

TEST_F(File, AFullDiskLeavesTheOldContents) {
  if (::mount("none", folder_.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "a file system that can be filled needs the right to mount one";
  write_file(folder_ / "x", "old");
  const std::string message =
      message_of<EnvironmentError>([&] { write_file(folder_ / "x", std::string(1 << 20, 'n')); });
  const std::string contents = read_file(folder_ / "x", Bytes(1 << 20));
  const std::size_t left = files();
  ::umount(folder_.c_str());
  EXPECT_NE(message.find("No space left"), std::string::npos) << message;
  EXPECT_EQ(contents, "old");
  EXPECT_EQ(left, 1u);
}

}  // namespace
}  // namespace gnomon
