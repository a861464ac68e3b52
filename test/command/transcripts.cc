// Runs the transcripts in *.transcript, one test per file, each in an empty folder of its own:
//
//   # a comment
//   $ gnomon train lenit
//   gnomon: model lenit: unknown; did you mean 'lenet'?
//   [2]
//
// A line that starts with "$ " is given to sh, with our program as `gnomon`; the lines below it are
// what both its streams say, standard output first. In them * stands for anything on the line, a
// line "..." for any lines; empty lines do not count. [2] is the exit code; none means 0.

#include <fnmatch.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/file.h"
#include "base/process.h"

namespace gnomon {
namespace {

namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

struct Exchange {
  std::string typed;
  Lines seen;
  int exit_code = 0;
};

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

std::vector<Exchange> read_transcript(const fs::path& file) {
  std::vector<Exchange> exchanges;
  for (const auto& line : lines_of(read_file(file, Bytes(1 << 20)))) {
    if (line.starts_with("#")) continue;
    if (line.starts_with("$ "))
      exchanges.push_back({line.substr(2), {}, 0});
    else if (line.starts_with("["))
      exchanges.back().exit_code = std::stoi(line.substr(1));
    else
      exchanges.back().seen.push_back(line);
  }
  return exchanges;
}

bool matches(std::span<const std::string> expected, std::span<const std::string> actual) {
  if (expected.empty()) return actual.empty();
  if (expected.front() == "...") {
    for (std::size_t skipped = 0; skipped <= actual.size(); ++skipped)
      if (matches(expected.subspan(1), actual.subspan(skipped))) return true;
    return false;
  }
  return !actual.empty() &&
         fnmatch(expected.front().c_str(), actual.front().c_str(), FNM_NOESCAPE) == 0 &&
         matches(expected.subspan(1), actual.subspan(1));
}

class Transcript : public testing::Test {
 public:
  explicit Transcript(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    const fs::path folder =
        fs::path(testing::TempDir()) / (file_.stem().string() + "." + std::to_string(::getpid()));
    fs::create_directories(folder / "bin");
    fs::create_symlink(GNOMON_PROGRAM, folder / "bin" / "gnomon");
    for (const Exchange& exchange : read_transcript(file_)) {
      Command command;
      command.argv = {"sh", "-c", "cd \"$FOLDER\" && PATH=$FOLDER/bin:$PATH && " + exchange.typed};
      command.environment["FOLDER"] = folder.string();
      const Outcome outcome = run_command(command);
      EXPECT_EQ(outcome.exit_code, exchange.exit_code) << exchange.typed;
      EXPECT_TRUE(matches(exchange.seen, lines_of(outcome.out + outcome.err)))
          << "$ " << exchange.typed << "\n"
          << outcome.out << outcome.err;
    }
    fs::remove_all(folder);
  }

 private:
  fs::path file_;
};

const bool registered = [] {
  for (const auto& entry : fs::directory_iterator(GNOMON_TRANSCRIPTS))
    if (entry.path().extension() == ".transcript")
      testing::RegisterTest(
          "transcript", entry.path().stem().c_str(), nullptr, nullptr, __FILE__, __LINE__,
          [file = entry.path()]() -> testing::Test* { return new Transcript(file); });
  return true;
}();

}  // namespace
}  // namespace gnomon
