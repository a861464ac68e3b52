#include "ir/rule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gnomon::ir {
namespace {

using Indices = Rule::Indices;

Type f32(Dims dims) { return {DType::f32, std::move(dims)}; }

TEST(Rule, Parts) {
  const Rule rule("m k, k n -> m n; sum k; split m n");
  EXPECT_EQ(rule.operands(), (std::vector<Indices>{{"m", "k"}, {"k", "n"}}));
  EXPECT_EQ(rule.results(), (std::vector<Indices>{{"m", "n"}}));
  EXPECT_EQ(rule.reductions(), (std::map<std::string, Reduction>{{"k", Reduction::sum}}));
  EXPECT_TRUE(rule.can_split("m"));
  EXPECT_FALSE(rule.can_split("k"));
  EXPECT_FALSE(rule.is_none());
  EXPECT_TRUE(Rule::none().is_none());
}

TEST(Rule, ScalarsAndNothing) {
  EXPECT_EQ(Rule("() -> ()").operands(), (std::vector<Indices>{{}}));
  EXPECT_EQ(Rule("... ->").results(), std::vector<Indices>{});
}

TEST(Rule, Windows) {
  const Rule rule("h -> y; h = 2 y + 3 r - 1; r : 4; sum r");
  EXPECT_EQ(rule.windows(), (std::vector<Window>{{"h", "y", "r", 2, 3, 1}}));
  EXPECT_EQ(Rule("h -> y; h = y + r; r : 4; sum r").windows(),
            (std::vector<Window>{{"h", "y", "r", 1, 1, 0}}));
}

TEST(Rule, MalformedRulesAreBugsOfOurs) {
  for (const char* text : {"m k", "m -> m; min m", "m -> m; sum", "h -> y; h = y - r",
                           "h -> y; h = y + r - 1 2", "m k -> m"})
    EXPECT_THROW(Rule{text}, InternalError) << text;
}

TEST(Rule, MalformedNumbersAreBugsOfOurs) {
  for (const char* text : {"h -> y; h =", "h -> y; h = 2", "h -> y; h = y +", "h -> y; h = y + r -",
                           "h -> y; h = y + r - p", "h -> y; h = 2x y + r", "h -> y; h = 0 y + r",
                           "h -> y; h = 99999999999999999999 y + r", "-> n; n :", "-> n; n : many",
                           "-> n; n : 1 2", "-> n; n : b<=", "-> n; n : b<=1.5"})
    EXPECT_THROW(Rule{text}, InternalError) << text;
}

TEST(IndexSpace, ExpandsTheEllipsisAndSizesEveryIndex) {
  const Type operands[] = {f32({{"b", 8}, 3, 4}), f32({{"b", 8}, 4, 5})};
  const auto space =
      index_space("matmul", "... m k, ... k n -> ... m n; sum k; split ... m n k", operands);
  EXPECT_EQ(space.operands[0], (Indices{"...0", "m", "k"}));
  EXPECT_EQ(space.size.at("...0"), Dim("b", 8));
  EXPECT_EQ(space.result_dims(), (std::vector<Dims>{{{"b", 8}, 3, 5}}));
  EXPECT_EQ(space.loops(), (std::vector<std::string>{"...0", "m", "n", "k"}));
}

TEST(IndexSpace, ReductionsOfTheEllipsis) {
  const Type operands[] = {f32({2, 3})};
  const auto space = index_space("total", "... -> (); sum ...", operands);
  EXPECT_EQ(space.reductions.size(), 2u);
  EXPECT_EQ(space.result_dims(), std::vector<Dims>{{}});
}

TEST(IndexSpace, SourcesOfWindowsAreNotLoopedOver) {
  const Type operands[] = {f32({9}), f32({3})};
  const auto space = index_space("slide", "h, r -> y; h = 2 y + r - 1; sum r", operands);
  EXPECT_EQ(space.size.at("y"), Dim(5));
  EXPECT_EQ(space.loops(), (std::vector<std::string>{"y", "r"}));
}

TEST(IndexSpace, ExtentsOfTheRuleItself) {
  const Type operands[] = {f32({3})};
  EXPECT_EQ(index_space("spread", "c -> n c; n : b<=16", operands).result_dims(),
            (std::vector<Dims>{{{"b", 16}, 3}}));
}

TEST(IndexSpace, Mistakes) {
  const char* matmul = "m k, k n -> m n; sum k";
  const char* slide = "h, r -> y; h = y + r - 1; sum r";
  const struct {
    const char* rule;
    std::vector<Type> operands;
    const char* expected;
  } cases[] = {
      {matmul, {f32({8, 64})}, "op: takes 2 operands, got 1"},
      {matmul,
       {f32({8, 64}), f32({32, 10})},
       "op: k differs: 64 and 32 (operands f32[8, 64], f32[32, 10])"},
      {matmul,
       {f32({8, {"b", 64}}), f32({64, 10})},
       "op: k differs: b and 64 (operands f32[8, b], f32[64, 10])"},
      {matmul,
       {f32({8}), f32({8, 1})},
       "op: expected an operand of 2 dimensions (m k), got f32[8]"},
      {"... c -> ...; max c",
       {f32({})},
       "op: expected an operand of at least 1 dimensions (... c), got f32[]"},
      {"..., ... -> ...",
       {f32({2, 3}), f32({3, 2})},
       "op: shapes differ: [2, 3] and [3, 2] (operands f32[2, 3], f32[3, 2])"},
      {slide, {f32({3}), f32({6})}, "op: a window of 6 does not fit h = 3 with padding 1"},
      {slide, {f32({{"b", 3}}), f32({2})}, "op: h = b is symbolic; windows need integers"},
      {"h, y, r -> y; h = y + r; sum r",
       {f32({5}), f32({3}), f32({2})},
       "op: y differs: h = 5 has 4 positions, not 3"},
  };
  for (const auto& c : cases) {
    try {
      index_space("op", c.rule, c.operands);
      ADD_FAILURE() << "accepted: " << c.expected;
    } catch (const InputError& error) {
      EXPECT_STREQ(error.what(), c.expected);
    }
  }
}

}  // namespace
}  // namespace gnomon::ir
