#include "data/byte_pairs.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace gnomon::data {
namespace {

using Words = std::vector<std::string_view>;

TEST(BytePairs, WordsAreCutAsByGpt2) {
  EXPECT_EQ(split_words("It's 42 o'clock, isn't it?"),
            (Words{"It", "'s", " 42", " o", "'", "clock", ",", " isn", "'t", " it", "?"}));
  EXPECT_EQ(split_words("a  b\n\nc \n"), (Words{"a", " ", " b", "\n", "\n", "c", " \n"}));
  EXPECT_EQ(split_words("we'll I've you're I'm he'd"),
            (Words{"we", "'ll", " I", "'ve", " you", "'re", " I", "'m", " he", "'d"}));
  EXPECT_EQ(split_words("na\xc3\xafve \xff"), (Words{"na\xc3\xafve", " \xff"}));
  EXPECT_TRUE(split_words("").empty());
}

TEST(BytePairs, LongRunsAreCut) {
  const std::string text(1000, 'a');
  const auto words = split_words(text);
  ASSERT_EQ(words.size(), 4u);
  EXPECT_EQ(words[0].size(), 256u);
  EXPECT_EQ(words[3].size(), 232u);
}

TEST(BytePairs, WordsTogetherAreTheText) {
  const Random random(1, "words");
  const std::string_view alphabet = " \n'stab1.\xc3\xa9";
  std::uint64_t draw = 0;
  for (int round = 0; round < 500; ++round) {
    std::string text, joined;
    const std::uint64_t length = random.below(40, draw++);
    for (std::uint64_t i = 0; i < length; ++i)
      text += alphabet[random.below(alphabet.size(), draw++)];
    for (const auto word : split_words(text)) {
      EXPECT_FALSE(word.empty());
      joined += word;
    }
    EXPECT_EQ(joined, text);
  }
}

// The definition: count all pairs anew before each merge.
std::vector<Merge> slow_merges(std::span<const std::string> documents, std::int64_t count) {
  std::vector<std::vector<std::int32_t>> words;
  for (const auto& document : documents)
    for (const auto word : split_words(document)) {
      words.emplace_back();
      for (const char c : word) words.back().push_back(static_cast<unsigned char>(c));
    }
  std::vector<Merge> merges;
  while (static_cast<std::int64_t>(merges.size()) < count) {
    std::map<Merge, std::int64_t> counts;
    for (const auto& word : words)
      for (std::size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    Merge best;
    std::int64_t most = 1;
    for (const auto& [pair, n] : counts)
      if (n > most) {
        best = pair;
        most = n;
      }
    if (most < 2) break;
    for (auto& word : words) {
      std::vector<std::int32_t> merged;
      for (std::size_t i = 0; i < word.size(); ++i) {
        const bool here = i + 1 < word.size() && Merge(word[i], word[i + 1]) == best;
        merged.push_back(here ? static_cast<std::int32_t>(256 + merges.size()) : word[i]);
        if (here) ++i;
      }
      word = merged;
    }
    merges.push_back(best);
  }
  return merges;
}

TEST(BytePairs, MergesAreThoseOfTheDefinition) {
  const Random random(2, "merges");
  const std::string_view alphabet = "aaabbc  d\n";
  std::uint64_t draw = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> documents(1 + random.below(3, draw++));
    for (auto& document : documents) {
      const std::uint64_t length = random.below(200, draw++);
      for (std::uint64_t i = 0; i < length; ++i)
        document += alphabet[random.below(alphabet.size(), draw++)];
    }
    EXPECT_EQ(train_merges(documents, 40), slow_merges(documents, 40)) << round;
  }
}

TEST(BytePairs, EquallyFrequentPairsGoInOrder) {
  const std::vector<std::string> documents = {"cd ab cd ab"};
  EXPECT_EQ(train_merges(documents, 2), (std::vector<Merge>{{' ', 'a'}, {'c', 'd'}}));
}

TEST(BytePairs, NoPairThatOccursOnceIsMerged) {
  const std::vector<std::string> documents = {"abcdefg"};
  EXPECT_TRUE(train_merges(documents, 10).empty());
}

}  // namespace
}  // namespace gnomon::data
