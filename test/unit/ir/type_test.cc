// Dimensions, types and layouts.

#include "ir/type.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "ir/layout.h"

namespace gnomon::ir {
namespace {

TEST(Dim, SymbolsAreNotTheirBounds) {
  EXPECT_NE(Dim("b", 8), Dim(8));
  EXPECT_NE(Dim("b", 8), Dim("b", 16));
  EXPECT_NE(Dim("b", 8), Dim("n", 8));
  EXPECT_EQ(Dim("b", 8), Dim("b", 8));
  EXPECT_EQ(to_string(Dims{{"b", 8}, 28}), "[b, 28]");
}

TEST(Dim, Substitution) {
  EXPECT_EQ(substitute(Dims{{"b", 8}, 3, {"n", 2}}, {{"b", 5}}), (Dims{5, 3, {"n", 2}}));
  EXPECT_EQ(substitute(Dim("b", 8), {{"b", 0}}), Dim(0));
  EXPECT_EQ(substitute(Dim("b", 8), {{"b", 8}}), Dim(8));
  for (const std::int64_t value : {-1, 9}) {
    try {
      substitute(Dim("b", 8), {{"b", value}});
      ADD_FAILURE() << value;
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(),
                fmt::format("b = {}: out of range, the program allows 0 to 8", value));
    }
  }
}

TEST(Type, BytesAtTheBound) {
  EXPECT_EQ(bound_bytes({DType::bf16, {{"b", 8}, 3}}), Bytes(48));
  EXPECT_EQ(bound_bytes({DType::f64, {}}), Bytes(8));
  EXPECT_EQ(bound_shape({{"b", 8}, 3}), (Shape{8, 3}));
  EXPECT_TRUE(is_static({2, 3}));
  EXPECT_FALSE(is_static({2, {"b", 3}}));
  EXPECT_EQ(to_string(Type{DType::f32, {{"b", 8}, 3}}), "f32[b, 3]");
}

TEST(Layout, TakenApartAndPutTogether) {
  for (const char* tag : {"", "acdb", "aBcd16b", "ABcd4b16a4b", "dcba", "bacd"})
    EXPECT_EQ(layout_of(parts(Layout{tag}, 4)).tag, tag);
  const auto blocked = parts(Layout{"aBcd16b"}, 4);
  EXPECT_EQ(blocked.order, (std::vector<std::size_t>{0, 1, 2, 3}));
  ASSERT_EQ(blocked.blocks.size(), 1u);
  EXPECT_EQ(blocked.blocks[0].dimension, 1u);
  EXPECT_EQ(blocked.blocks[0].size, 16);
  EXPECT_EQ(layout_of(parts(Layout{"abcd"}, 4)).tag, "") << "row-major has one name";
}

TEST(Layout, OfATranspositionThatStays) {
  EXPECT_EQ(transposed({}, {0, 1, 2}).tag, "");
  EXPECT_EQ(transposed({}, {1, 0}).tag, "ba");
  EXPECT_EQ(transposed({}, {0, 2, 3, 1}).tag, "adbc") << "[a, c, d, b]";
  EXPECT_EQ(transposed({"acdb"}, {0, 2, 3, 1}).tag, "") << "channels last, and named last";
  EXPECT_EQ(transposed({"aBcd16b"}, {1, 0, 2, 3}).tag, "bAcd16a");
}

TEST(Layout, MalformedTags) {
  for (const char* tag : {"abc", "abcde", "abca", "aBcd", "abcd16b", "aBcd16", "aBcd0b", "aBcd16e",
                          "aBcd9999b", "a cd", "16b", "aBcd16B", "aBcd-4b"})
    EXPECT_THROW(parts(Layout{tag}, 4), InputError) << tag;
  try {
    parts(Layout{"ab"}, 3);
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "layout ab: malformed, or not for 3 dimensions (an example: aBcd16b)");
  }
}

TEST(Layout, StoredBytesIncludePadding) {
  const Type type{DType::f32, {2, 17, 3, 3}};
  EXPECT_EQ(stored_bytes(type, {}), Bytes(2 * 17 * 9 * 4));
  EXPECT_EQ(stored_bytes(type, {"acdb"}), Bytes(2 * 17 * 9 * 4));
  EXPECT_EQ(stored_bytes(type, {"aBcd16b"}), Bytes(2 * 32 * 9 * 4));
}

}  // namespace
}  // namespace gnomon::ir
