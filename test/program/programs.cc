// Runs the programs in files, one test per file.
//
// A golden program (test/program/*.gir) names passes in its first line, and holds the program and,
// behind a line of dashes, what the passes make of it:
//   # passes: gradient update simplify
//   program "square" { … }
//   ----
//   program "square" { … }
// With GNOMON_UPDATE=1 in the environment the second part is written anew; read the difference.
//
// A misuse (test/error/*.gir) must fail as the user's mistake, with the message in its first line;
// a second line may name passes to run first:
//   # error: misuse.gir:4: matmul: k differs: …

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "fake_target.h"
#include "ir/text.h"
#include "pass/pipeline.h"

namespace gnomon::pass {
namespace {

namespace fs = std::filesystem;

// The pipeline with every other step left out.
ir::Program run_pass(const std::string& pass, const ir::Program& program) {
  PipelineOptions options;
  options.precision = DType::bf16;
  options.training = Training{"loss", {Sgd{0.9, 0}}};
  for (const auto& step : pipeline_steps())
    if (step != pass) options.without.insert(step);
  if (options.without.size() == pipeline_steps().size())
    throw std::runtime_error("no pass " + pass);
  return lower(program, test::FakeTarget(), options).program;
}

// The text behind `key` on a line "# key: …", or "".
std::string header(const std::string& text, const std::string& key) {
  const std::string start = "# " + key + ": ";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && line.starts_with("#");)
    if (line.starts_with(start)) return line.substr(start.size());
  return "";
}

ir::Program run_passes(const std::string& text, const std::string& file, std::string_view source) {
  ir::Program program = ir::parse(source, file);
  std::istringstream passes(header(text, "passes"));
  for (std::string pass; passes >> pass;) program = run_pass(pass, program);
  return program;
}

std::vector<fs::path> files_in(const char* folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".gir") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string test_name(const testing::TestParamInfo<fs::path>& info) {
  return info.param.stem().string();
}

class Golden : public testing::TestWithParam<fs::path> {};

TEST_P(Golden, IsWhatThePassesMake) {
  const std::string dashes = "----\n";
  const std::string text = read_file(GetParam(), Bytes(1 << 20));
  const auto split = text.find(dashes);
  ASSERT_NE(split, std::string::npos) << "no line of dashes";
  const std::string source = text.substr(0, split);
  const std::string made = ir::print(run_passes(text, GetParam().filename().string(), source));
  if (std::getenv("GNOMON_UPDATE") != nullptr) write_file(GetParam(), source + dashes + made);
  EXPECT_EQ(made, read_file(GetParam(), Bytes(1 << 20)).substr(split + dashes.size()));
}

INSTANTIATE_TEST_SUITE_P(Programs, Golden, testing::ValuesIn(files_in(GNOMON_GOLDEN_PROGRAMS)),
                         test_name);

class Misuse : public testing::TestWithParam<fs::path> {};

TEST_P(Misuse, FailsAsTheUsersMistake) {
  const std::string text = read_file(GetParam(), Bytes(1 << 20));
  const std::string expected = header(text, "error");
  ASSERT_FALSE(expected.empty()) << "no message";
  try {
    run_passes(text, GetParam().filename().string(), text);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Misuse, testing::ValuesIn(files_in(GNOMON_ERROR_PROGRAMS)),
                         test_name);

}  // namespace
}  // namespace gnomon::pass
