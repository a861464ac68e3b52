#include "data/brown.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "data/text.h"
#include "data/tokeniser.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

using Documents = std::vector<std::string>;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / name;
}

TEST(Brown, WordsAreSetAsInPrint) {
  EXPECT_EQ(parse_brown("\n\n\t``/`` It's/pps+bez (/( so/rb )/) ''/'' ,/, he/pps said/vbd ./.\n"
                        "Why/wrb ?/. ?/.\n)/) --/-- '/' and/or/cc '/' 1/4''/nn //in !/. "
                        "\nNext/ap-hl :/:-hl\n It/pps ran/vbd\n",
                        "ca01"),
            "\"It's (so)\", he said. Why?) -- 'and/or' 1/4\" /!\nNext:\nIt ran\n");
  EXPECT_EQ(parse_brown("", "ca01"), "");
}

TEST(Brown, EveryTruncationIsTextOrRefused) {
  const std::string tagged = "\n\tThe/at jury/nn said/vbd ,/, ``/`` no/at ''/'' ./.\n\nMore/ap\n";
  for (std::size_t n = 0; n < tagged.size(); ++n) {
    const auto answer = test::error_of([&] { parse_brown(tagged.substr(0, n), "ca01"); });
    EXPECT_TRUE(answer == "accepted" || answer.starts_with("ca01:")) << answer;
  }
  EXPECT_EQ(test::error_of([] { parse_brown("a/at\nb\n", "ca01"); }),
            "ca01:2: 'b' is no word with a tag; remove the folder and fetch it again: "
            "tools/fetch-data brown");
}

TEST(Brown, GenresAreMixedEvenly) {
  const auto folder = scratch("brown");
  std::filesystem::create_directories(folder);
  for (const auto* name : {"ca01", "ca02", "ca03", "ca04", "cb01", "cb02", "README", "cats.txt"})
    write_file(folder / name, std::string(name) + "/x\n");
  EXPECT_EQ(read_brown(folder),
            (Documents{"ca01\n", "cb01\n", "ca02\n", "ca03\n", "cb02\n", "ca04\n"}));
  EXPECT_EQ(test::error_of([] { read_brown("/absent"); }),
            "/absent: holds no text of the Brown corpus; fetch it: tools/fetch-data brown");
}

// Skipped, with its reason, where nobody has asked for the corpus.
TEST(Brown, TheCorpusIsAsPublished) {
  if (!std::filesystem::exists(brown_folder()))
    GTEST_SKIP() << "the Brown corpus is not there: tools/fetch-data brown";
  const TextSplits splits = load_text("brown");
  EXPECT_EQ(splits.train.documents.size(), 450u);
  EXPECT_EQ(splits.validation.documents.size(), 50u);
  const auto tokeniser = Tokeniser::of_byte_pairs(splits.train.documents, 500);
  for (const auto& document : splits.validation.documents)
    EXPECT_EQ(tokeniser.decode(tokeniser.encode(document)), document);
}

}  // namespace
}  // namespace gnomon::data
