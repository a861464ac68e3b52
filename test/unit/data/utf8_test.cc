#include "data/utf8.h"

#include <gtest/gtest.h>

namespace gnomon::data {
namespace {

TEST(Utf8, LengthsAreThoseOfRfc3629) {
  EXPECT_EQ(character_length("a"), 1u);
  EXPECT_EQ(character_length("\xc3\xa9!"), 2u);
  EXPECT_EQ(character_length("\xe2\x82\xac"), 3u);
  EXPECT_EQ(character_length("\xf0\x9f\x98\x80"), 4u);
  EXPECT_EQ(character_length("\xf4\x8f\xbf\xbf"), 4u);
  for (const auto* stray : {"\x80", "\xc3", "\xc3!", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    EXPECT_EQ(character_length(stray), 1u);
}

}  // namespace
}  // namespace gnomon::data
