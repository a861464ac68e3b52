#include "study/command_template.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/process.h"

namespace gnomon::study {
namespace {

using Words = std::vector<std::string>;

TEST(CommandTemplate, SplitsAsAShellWould) {
  EXPECT_EQ(command_words(R"(a 'b c' "d \" e"  f\ g '')", {}),
            (Words{"a", "b c", "d \" e", "f g", ""}));
}

TEST(CommandTemplate, AHoleStaysInItsWord) {
  EXPECT_EQ(command_words("run --in={file} x", {{"file", "a b; rm"}}),
            (Words{"run", "--in=a b; rm", "x"}));
}

TEST(CommandTemplate, ShellLinesAreRunByAShellWithQuotedHoles) {
  EXPECT_EQ(command_words("cat {file} | wc", {{"file", "it's"}}),
            (Words{"/bin/sh", "-c", "cat 'it'\\''s' | wc"}));
  EXPECT_EQ(command_words("A=1 run", {}).front(), "/bin/sh");
}

TEST(CommandTemplate, OtherBracesAreLeftAlone) {
  EXPECT_EQ(holes("awk '{ print $1 }' ${HOME} {} {1} {level}"), Words{"level"});
}

TEST(CommandTemplate, OneHoleIsAWholeCommandLine) {
  EXPECT_EQ(command_words("{command}", {{"command", "gzip -1 'a b'"}}),
            (Words{"gzip", "-1", "a b"}));
}

TEST(CommandTemplate, GnomonIsThisProgram) {
  EXPECT_EQ(command_words("gnomon train", {}).front(), self_executable().string());
}

TEST(CommandTemplate, Mistakes) {
  EXPECT_THROW(command_words("", {}), InputError);
  EXPECT_THROW(command_words("  ", {}), InputError);
  EXPECT_THROW(command_words("a 'b", {}), InputError);
  EXPECT_THROW(command_words("a {b}", {}), InputError);
}

TEST(CommandTemplate, QuotedLinesComeBackAsTheSameWords) {
  const Words words = {"a b", "it's", "", "--x=1", "$y"};
  EXPECT_EQ(command_words(quoted(words), {}), words);
}

}  // namespace
}  // namespace gnomon::study
