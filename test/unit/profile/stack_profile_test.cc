#include "profile/stack_profile.h"

#include <gtest/gtest.h>

#include "trace/folded.h"
#include "unit/error_of.h"

namespace gnomon::profile {
namespace {

StackProfile profile_of(const std::string& folded) {
  return analyse(trace::parse_folded(folded, "run.folded"), "run.folded");
}

const FunctionTime& function(const StackProfile& profile, const std::string& name) {
  for (const auto& found : profile.functions)
    if (found.name == name) return found;
  throw std::runtime_error(name);
}

const std::string example =
    "# period: 10000000 ns\n"
    "# lost: 5 samples\n"
    "main;main;step 10\n"
    "main;main;step;memcpy [libc.so.6] 20\n"
    "main;main;step;step 5\n"
    "thread 2;run;step 25\n"
    "thread 2;callers not known;kernel [generated code] 30\n"
    "thread 2;callers not known;no symbol [libdnnl.so.2] 10\n";

TEST(StackProfile, OwnAndTotalTime) {
  const auto profile = profile_of(example);
  EXPECT_EQ(profile.samples, 100);
  EXPECT_EQ(profile.lost, 5);
  EXPECT_EQ(profile.threads, 2);
  EXPECT_EQ(function(profile, "step").own, 40);
  EXPECT_EQ(function(profile, "step").total, 60) << "recursion counts once";
  EXPECT_EQ(function(profile, "main").own, 0);
  EXPECT_EQ(function(profile, "main").total, 35);
  EXPECT_EQ(function(profile, "memcpy").library, "libc.so.6");
  EXPECT_EQ(profile.functions.front().name, "step");
  EXPECT_EQ(profile.functions.size(), 6u) << "threads and unknown callers are no functions";
}

TEST(StackProfile, LibrariesAndWhatHasNoName) {
  const auto profile = profile_of(example);
  ASSERT_EQ(profile.libraries.size(), 4u);
  EXPECT_EQ(profile.libraries[0].library, "");
  EXPECT_EQ(profile.libraries[0].own, 40);
  EXPECT_EQ(profile.libraries[3].library, "libdnnl.so.2");
  EXPECT_EQ(profile.libraries[3].unnamed, 10);
  EXPECT_EQ(profile.callers_unknown, 40);
  EXPECT_EQ(profile.callers_unknown_generated, 30);
}

TEST(StackProfile, SentencesSayWhereTheTimeWentAndWhatIsNotKnown) {
  const auto said = conclusions(profile_of(example));
  ASSERT_EQ(said.size(), 5u);
  EXPECT_EQ(
      said[0],
      "Of the CPU time, 40 % in the program itself, 30 % in generated code, 20 % in libc.so.6, "
      "10 % in libdnnl.so.2.");
  EXPECT_EQ(said[1], "The function with the most time of its own is step: 40 %.");
  EXPECT_NE(said[2].find("10 % of the samples are in code without a name"), std::string::npos);
  EXPECT_NE(said[3].find("The callers of 40 % of the samples are not known: 30 %"),
            std::string::npos);
  EXPECT_TRUE(said[4].starts_with("5 samples"));
}

TEST(StackProfile, TheFlameIsInSecondsIfThePeriodIsKnown) {
  const auto profile = profile_of(example);
  EXPECT_EQ(profile.flame.name, "all threads");
  EXPECT_DOUBLE_EQ(profile.flame.total.value, 1.0);
  ASSERT_EQ(profile.flame.children.size(), 2u);
  EXPECT_EQ(profile.flame.children[0].name, "thread 2");
  EXPECT_DOUBLE_EQ(profile_of("perl;main;f 3\n").flame.total.value, 3);
}

TEST(StackProfile, WithoutSamplesItIsRefused) {
  EXPECT_EQ(
      test::error_of([] { profile_of("# nothing\nmain;f 0\n"); }),
      "run.folded: holds no samples; record some with: gnomon train MODEL --stacks run.folded");
}

}  // namespace
}  // namespace gnomon::profile
