// The parts of base that a few lines each cover.

#include <gtest/gtest.h>

#include <climits>
#include <csignal>
#include <regex>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/json_value.h"
#include "base/nearest.h"
#include "base/progress.h"

namespace gnomon {
namespace {

TEST(Clock, IsMonotonicAndTimestampsAreUtc) {
  const Seconds before = now();
  EXPECT_GE(now(), before);
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");
  EXPECT_TRUE(std::regex_match(timestamp_utc(), form)) << timestamp_utc();
}

// XXH3's own test vectors for empty input pin the algorithm: stored hashes must stay valid.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash128(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash128("abc").size(), 32u);
  EXPECT_NE(hash128("abc"), hash128("abd"));
}

TEST(Hash, BytesAndTextAgree) {
  const std::string text = "some bytes";
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(hash64(text), hash64(bytes));
  EXPECT_EQ(hash128(text), hash128(bytes));
}

TEST(JsonValue, IsTheSameValueOrRefused) {
  const auto json = [](const char* text) { return nlohmann::json::parse(text); };
  EXPECT_EQ(value_as<std::int64_t>(json("-9223372036854775808")), INT64_MIN);
  EXPECT_EQ(value_as<std::uint64_t>(json("18446744073709551615")), UINT64_MAX);
  EXPECT_EQ(value_as<int>(json("2147483647")), INT_MAX);
  EXPECT_EQ(value_as<double>(json("3")), 3.0);
  EXPECT_TRUE(value_as<bool>(json("true")));
  EXPECT_EQ(value_as<std::string>(json("\"x\"")), "x");
  for (const char* other : {"4.4e73", "2.0", "2.5", "2147483648", "true", "\"1\"", "null", "[1]"})
    EXPECT_THROW(value_as<int>(json(other)), std::domain_error) << other;
  EXPECT_THROW(value_as<std::int64_t>(json("9223372036854775808")), std::domain_error);
  EXPECT_THROW(value_as<std::uint64_t>(json("-1")), std::domain_error);
  EXPECT_THROW(value_as<bool>(json("1")), nlohmann::json::type_error);
}

TEST(Error, ChecksNamePlaceConditionAndValues) {
  try {
    GNOMON_CHECK(1 > 2, "{} and {}", 1, 2);
    FAIL();
  } catch (const InternalError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("small_test.cc"), std::string::npos) << what;
    EXPECT_NE(what.find("1 > 2: 1 and 2"), std::string::npos) << what;
  }
}

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("form", "from"), 1);  // a swap of neighbours
  EXPECT_EQ(edit_distance("memory", "memory"), 0);
}

TEST(Nearest, SuggestsCloseNamesAndOtherwiseListsAll) {
  const std::vector<std::string> names = {"memory_gib", "cores", "prices"};
  EXPECT_EQ(nearest("price", names), "prices");
  EXPECT_EQ(nearest("x", {}), "");
  EXPECT_EQ(suggest("memory_gb", names), "did you mean 'memory_gib'?");
  EXPECT_EQ(suggest("zzzzzzzzzzzz", names), "known: memory_gib, cores, prices");
}

Seconds told_time;  // by the test

TEST(Interrupt, IsAFlagUntilTheSecondSignal) {
  EXPECT_EXIT(
      {
        catch_interrupts([] { return told_time; });
        check_interrupt();
        std::raise(SIGINT);
        if (!interrupted()) std::_Exit(1);
        try {
          check_interrupt();
        } catch (const Interrupted&) {
          told_time += Seconds(0.4);
          std::raise(SIGINT);
        }
        std::_Exit(2);
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(Interrupt, SentToAProcessAndItsGroupIsOne) {
  EXPECT_EXIT(
      {
        catch_interrupts([] { return told_time; });
        std::raise(SIGINT);
        told_time += Seconds(0.2);
        std::raise(SIGINT);
        std::_Exit(interrupted() ? 3 : 4);
      },
      ::testing::ExitedWithCode(3), "");
}

TEST(Progress, IsSilentForShortWork) {
  ::testing::internal::CaptureStderr();
  {
    Progress quick("quick", 10);
    for (int i = 0; i <= 10; ++i) quick.update(i);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace gnomon
