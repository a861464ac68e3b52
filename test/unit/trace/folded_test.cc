#include "trace/folded.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "base/file.h"
#include "unit/error_of.h"

namespace gnomon::trace {
namespace {

using test::error_of;

const std::string example =
    "# period: 5025126 ns\n"
    "# lost: 3 samples\n"
    "main;_start;main 2\n"
    "main;_start;main;step 311\n"
    "main;_start;main;step;memcpy [libc.so.6] 12\n"
    "thread 2;callers not known;no symbol [generated code] 40\n";

std::string error_in(const std::string& text) {
  return error_of([&] { parse_folded(text, "run.folded"); });
}

class File : public testing::Test {
 protected:
  File()
      : file_(std::filesystem::temp_directory_path() /
              fmt::format("gnomon-folded-{}.txt", ::getpid())) {}
  ~File() override { std::filesystem::remove(file_); }
  bool recognised(std::string_view contents) const {
    write_file(file_, contents);
    return is_folded(file_);
  }
  std::filesystem::path file_;
};

TEST(Folded, TextIsKept) {
  const Stacks stacks = parse_folded(example, "example");
  EXPECT_EQ(stacks.samples(), 365);
  EXPECT_EQ(stacks.lost, 3);
  EXPECT_DOUBLE_EQ(stacks.period.value, 5025126e-9);
  EXPECT_EQ(to_folded(stacks), example);
}

TEST(Folded, StacksOfOtherProgramsAreRead) {
  const Stacks stacks = parse_folded("java;a b;c 1\r\n\n# a comment 5\njava;a b;c 2\njava 1", "x");
  EXPECT_EQ(stacks.samples(), 4);
  EXPECT_EQ(stacks.period, Seconds());
  EXPECT_EQ(to_folded(stacks), "# period: 0 ns\n# lost: 0 samples\njava 1\njava;a b;c 3\n");
}

TEST(Folded, NamesThatWouldBreakTheFormAreChanged) {
  StackCounter counter(10);
  const std::vector<std::uint32_t> stack = {counter.function("main"), counter.function("a;b\nc 7")};
  counter.add(stack, 5);
  const std::string text = to_folded(counter.take());
  EXPECT_NE(text.find("\nmain;a:b c 7 5\n"), std::string::npos);
  EXPECT_EQ(to_folded(parse_folded(text, "x")), text);
}

TEST(Folded, WhatIsNoStackIsRefusedByItsLine) {
  EXPECT_EQ(error_in("main;a 1\nmain;b\n"),
            "run.folded:2: not a stack and its count, as in \"main;run;step 12\"; record one with: "
            "gnomon train MODEL --stacks FILE");
  for (const auto* bad : {" 5", "main;a -1", "main;a 1.5", "main;a 99999999999999999999", "main;a ",
                          "main;a +1", "main;a 0x1"})
    EXPECT_NE(error_in(bad).find("run.folded:1: not a stack"), std::string::npos) << bad;
}

TEST(Folded, LimitsAreToldWithTheRemedy) {
  EXPECT_EQ(
      error_in(std::string(70'000, 'x') + " 1"),
      "run.folded:1: the line has 70002 bytes, more than 65536; shorten the functions' names");
  std::string deep = "main";
  for (int i = 0; i < 1024; ++i) deep += ";f";
  EXPECT_EQ(error_in(deep + " 1"),
            "run.folded:1: the stack has more than 1024 frames; cut it off there");
  EXPECT_EQ(error_in("a;b 9007199254740991\na;c 2\n"),
            "run.folded:2: the counts add up to more than 9007199254740992; divide them");
}

TEST(Folded, CutOffOrChangedAnywhereItIsReadOrRefused) {
  for (std::size_t size = 0; size <= example.size(); ++size) error_in(example.substr(0, size));
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = example;
    text[random() % text.size()] = static_cast<char>(random());
    const std::string error = error_in(text);
    EXPECT_TRUE(error == "accepted" || error.starts_with("run.folded:")) << error;
  }
}

TEST_F(File, IsRecognisedByItsContents) {
  EXPECT_TRUE(recognised(example));
  EXPECT_TRUE(recognised("# a comment\nperl;main;f_[k] 12\n"));
  EXPECT_FALSE(recognised(""));
  EXPECT_FALSE(recognised("\n;1 1\n"));
  EXPECT_FALSE(recognised("{\"a\": \";\", \"b\": 1\n}"));
  EXPECT_FALSE(recognised("some words 1\n"));
  EXPECT_FALSE(is_folded("nowhere.pftrace"));
  EXPECT_TRUE(is_folded("nowhere.folded"));
}

TEST(StackCounter, EqualStacksAreOne) {
  StackCounter counter(100);
  const auto a = counter.function("a"), b = counter.function("b");
  EXPECT_EQ(counter.function("a"), a);
  const std::vector<std::uint32_t> stack = {a, b, a};
  EXPECT_TRUE(counter.add(stack, 1));
  EXPECT_TRUE(counter.add(stack, 2));
  const Stacks stacks = counter.take();
  EXPECT_EQ(stacks.calls.size(), 4u);
  EXPECT_EQ(stacks.calls.back(), (Stacks::Call{2, a, 3}));
}

TEST(StackCounter, BeyondItsLimitStacksAreCountedTogether) {
  StackCounter counter(10);
  const auto thread = counter.function("main");
  for (int i = 0; i < 1000; ++i) {
    const std::vector<std::uint32_t> stack = {thread, counter.function(std::to_string(i))};
    EXPECT_EQ(counter.add(stack, 1), i < 9);
    EXPECT_TRUE(counter.add(std::vector<std::uint32_t>{thread}, 1));
  }
  const Stacks stacks = counter.take();
  EXPECT_EQ(stacks.samples(), 2000);
  EXPECT_LE(stacks.calls.size(), 1u + 10 + 2);
  EXPECT_NE(to_folded(stacks).find("\nstacks beyond the limit;stacks beyond the limit 991\n"),
            std::string::npos);
}

TEST(FunctionNames, TellTheLibrary) {
  for (const auto& [name, library] :
       {std::pair{"memcpy", "libc.so.6"}, {"f", ""}, {"no symbol", "generated code"}}) {
    const std::string text = qualified(name, library);
    EXPECT_EQ(parse_function(text).name, name);
    EXPECT_EQ(parse_function(text).library, library);
  }
  EXPECT_EQ(parse_function("operator[]").library, "");
}

TEST(Folded, APeriodIsADayAtMost) {
  const auto with_period = [](const char* period) {
    return fmt::format("# period: {} ns\n# lost: 0 samples\nmain;run 3\n", period);
  };
  const std::string longest = with_period("86400000000000");
  EXPECT_EQ(to_folded(parse_folded(longest, "f")), longest);
  EXPECT_THROW(parse_folded(with_period("86400000000001"), "f"), InputError);
}

}  // namespace
}  // namespace gnomon::trace
