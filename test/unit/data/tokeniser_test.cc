#include "data/tokeniser.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/random.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

using Ids = std::vector<std::int32_t>;
using Documents = std::vector<std::string>;

const Documents rhyme = {"low lower lowest, low lower lowest",
                         "new newer newest \xc3\xa9t\xc3\xa9"};

std::string message(const std::string& json) {
  return test::error_of([&] { Tokeniser::from_json(json, "t.json"); });
}

// A file with the checksum it should have.
std::string sealed(nlohmann::json json) {
  json.erase("checksum");
  json["checksum"] = hash128(json.dump());
  return json.dump();
}

nlohmann::json byte_pairs(const std::string& merges) {
  return {{"format", "gnomon tokeniser"},
          {"version", 1},
          {"kind", "byte pairs"},
          {"merges", nlohmann::json::parse(merges)}};
}

nlohmann::json characters(const std::string& list) {
  return {{"format", "gnomon tokeniser"},
          {"version", 1},
          {"kind", "characters"},
          {"characters", nlohmann::json::parse(list)}};
}

TEST(Tokeniser, CharactersAreNumberedInOrderOfTheirBytes) {
  const Documents documents = {"cab\xc3\xa9", "a\xff\n"};
  const Tokeniser tokeniser = Tokeniser::of_characters(documents);
  EXPECT_EQ(tokeniser.size(), 7);
  EXPECT_EQ(tokeniser.token(0), "\n");
  EXPECT_EQ(tokeniser.token(4), "\xc3\xa9");
  EXPECT_EQ(tokeniser.token(5), "\xff");
  EXPECT_EQ(tokeniser.encode("cab\xc3\xa9"), (Ids{3, 1, 2, 4}));
  EXPECT_EQ(tokeniser.encode_documents(documents), (Ids{3, 1, 2, 4, 6, 1, 5, 0, 6}));
  EXPECT_EQ(tokeniser.decode(Ids{3, 6, 1}), "ca");
}

TEST(Tokeniser, AnUnknownCharacterIsNamed) {
  const Tokeniser tokeniser = Tokeniser::of_characters(rhyme);
  EXPECT_EQ(
      test::error_of([&] { tokeniser.encode("new \xc3\xa8", "x.txt"); }),
      "x.txt: the character of bytes c3a8 at byte 4 is not among the tokeniser's 11; learn it "
      "from this text too, or use byte pairs");
}

TEST(Tokeniser, BytePairsFollowTheirMergesInOrder) {
  const Documents documents = {"abab abab abab"};
  const Tokeniser tokeniser = Tokeniser::of_byte_pairs(documents, 2);
  EXPECT_EQ(tokeniser.size(), 256 + 2 + 1);
  EXPECT_EQ(tokeniser.token(256), "ab");
  EXPECT_EQ(tokeniser.token(257), "abab");
  EXPECT_EQ(tokeniser.encode("abab aba"), (Ids{257, ' ', 256, 'a'}));
}

TEST(Tokeniser, AnyBytesComeBack) {
  const Random random(5, "bytes");
  const Tokeniser pairs = Tokeniser::of_byte_pairs(rhyme, 50);
  std::uint64_t draw = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const std::uint64_t length = random.below(100, draw++);
    for (std::uint64_t i = 0; i < length; ++i)
      text += round % 2 == 0 ? static_cast<char>(random.below(256, draw++))
                             : rhyme[1][random.below(rhyme[1].size(), draw++)];
    EXPECT_EQ(pairs.decode(pairs.encode(text)), text);
    if (text.empty()) continue;
    const Tokeniser own = Tokeniser::of_characters(Documents{text});
    EXPECT_EQ(own.decode(own.encode(text)), text);
  }
}

TEST(Tokeniser, TheTextHoldsTheValue) {
  for (const auto& tokeniser :
       {Tokeniser::of_characters(rhyme), Tokeniser::of_byte_pairs(rhyme, 20)}) {
    const auto back = Tokeniser::from_json(tokeniser.to_json(), "t.json");
    EXPECT_EQ(back, tokeniser);
    EXPECT_EQ(back.encode(rhyme[0]), tokeniser.encode(rhyme[0]));
  }
}

TEST(Tokeniser, EveryTruncationAndFlipOfAFileIsRefused) {
  for (const auto& tokeniser :
       {Tokeniser::of_characters(rhyme), Tokeniser::of_byte_pairs(rhyme, 20)}) {
    const std::string json = tokeniser.to_json();
    for (std::size_t n = 0; n + 1 < json.size(); ++n) {
      EXPECT_NE(message(json.substr(0, n)), "accepted") << n;
      std::string flipped = json;
      flipped[n] = static_cast<char>(flipped[n] ^ 1);
      EXPECT_NE(message(flipped), "accepted") << n;
    }
  }
}

TEST(Tokeniser, NamesWhatIsWrongAndTheRemedy) {
  const auto unsound = [](const std::string& what) {
    return "t.json: not a sound tokeniser: " + what + "; train it again";
  };
  EXPECT_EQ(message(""), unsound("it is not the JSON expected"));
  EXPECT_EQ(message(std::string(100000, '[')), unsound("it is not the JSON expected"));
  EXPECT_EQ(message("[]"), unsound("the format is not \"gnomon tokeniser\""));
  auto other = byte_pairs("[]");
  other["version"] = 2;
  EXPECT_EQ(message(sealed(other)),
            "t.json: is a tokeniser of another version than 1; train it again");
  EXPECT_EQ(message(byte_pairs("[]").dump()), unsound("the contents do not match their checksum"));
  other = byte_pairs("[]");
  other["extra"] = 1;
  EXPECT_EQ(message(sealed(other)), unsound("it has keys too many or too few"));
  other = byte_pairs("[]");
  other["kind"] = "words";
  EXPECT_EQ(message(sealed(other)),
            unsound("the kind is neither \"characters\" nor \"byte pairs\""));
  other["kind"] = "characters";
  EXPECT_EQ(message(sealed(other)), unsound("it has no list \"characters\""));

  EXPECT_EQ(message(sealed(byte_pairs("[[97,98],[256,99]]"))), "accepted");
  for (const auto* merge : {"[97,256]", "[97]", "[97,98,99]", "[-1,98]", "[1.0,98]", "7", "{}",
                            "[18446744073709551615,1]"})
    EXPECT_EQ(message(sealed(byte_pairs(fmt::format("[{}]", merge)))),
              unsound("merge 0 is not of two tokens before 256"))
        << merge;
  EXPECT_EQ(message(sealed(byte_pairs("[[97,98],[97,98]]"))), unsound("merge 1 stands twice"));
  // Each merge doubles: unchecked, a few lines would ask for 2^40 bytes.
  std::string doubling = "[[97,97]";
  for (int i = 256; i < 296; ++i) doubling += fmt::format(",[{},{}]", i, i);
  EXPECT_EQ(message(sealed(byte_pairs(doubling + "]"))),
            unsound("merge 8 is longer than 256 bytes"));

  EXPECT_EQ(message(sealed(characters(R"(["61","c3a9","ff"])"))), "accepted");
  EXPECT_EQ(message(sealed(characters("[]"))), unsound("it has no characters"));
  for (const auto* entry : {"\"\"", "\"6\"", "\"6g\"", "\"C3A9\"", "\"6162\"", "\"eda080\"", "97"})
    EXPECT_EQ(message(sealed(characters(fmt::format("[{}]", entry)))),
              unsound("character 0 is not one character in hexadecimal"))
        << entry;
  EXPECT_EQ(message(sealed(characters(R"(["62","61"])"))),
            unsound("character 1 is not after the one before it"));
}

TEST(Tokeniser, MisusesAreNamed) {
  EXPECT_EQ(test::error_of([] { Tokeniser::of_characters({}); }),
            "tokeniser: the documents hold no characters; give it text to learn from");
  EXPECT_EQ(test::error_of([] { Tokeniser::of_byte_pairs(rhyme, -1); }),
            "tokeniser: -1 merges; ask for 0 to 262144");
  const Tokeniser tokeniser = Tokeniser::of_byte_pairs({}, 0);
  EXPECT_EQ(test::error_of([&] { tokeniser.decode(Ids{257}); }),
            "tokeniser: id 257 is out of range; ids are 0 to 256");
  EXPECT_EQ(test::error_of([&] { tokeniser.decode(Ids{-1}); }),
            "tokeniser: id -1 is out of range; ids are 0 to 256");
}

}  // namespace
}  // namespace gnomon::data
