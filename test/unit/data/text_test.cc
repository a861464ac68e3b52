#include "data/text.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

using Documents = std::vector<std::string>;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / name;
}

TEST(Text, MarkedLinesEndDocuments) {
  EXPECT_EQ(split_documents("a\nb\n<|endoftext|>\n\n<|endoftext|> \r\nc <|endoftext|>\nd"),
            (Documents{"a\nb\n", "c <|endoftext|>\nd"}));
  EXPECT_EQ(split_documents("one"), Documents{"one"});
  EXPECT_TRUE(split_documents(" \n").empty());
}

TEST(Text, TheLastTenthOfTheDocumentsIsForValidation) {
  Documents documents;
  for (int i = 0; i < 25; ++i) documents.push_back(std::to_string(i));
  const TextSplits splits = split_text(documents, "x");
  EXPECT_EQ(splits.train.documents.size(), 23u);
  EXPECT_EQ(splits.validation.documents, (Documents{"23", "24"}));
  EXPECT_EQ(splits.validation.bytes(), 4);
  EXPECT_NE(splits.train.hash, splits.validation.hash);
  EXPECT_EQ(split_text({"a", "b"}, "x").validation.documents, Documents{"b"});
}

TEST(Text, ASingleDocumentIsCutAtALineOrBetweenCharacters) {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "four\n";
  const TextSplits splits = split_text({lines}, "x");
  EXPECT_EQ(splits.train.bytes(), 90);
  EXPECT_EQ(splits.validation.documents, Documents{"four\nfour\n"});
  EXPECT_EQ(split_text({"0123456789"}, "x").validation.documents, Documents{"9"});
  EXPECT_EQ(split_text({"abcdefg\xc3\xa9"}, "x").validation.documents, Documents{"\xc3\xa9"});
  EXPECT_EQ(test::error_of([] { split_text({"a"}, "x"); }),
            "x: holds too little text to split; give it at least two characters");
  EXPECT_EQ(test::error_of([] { split_text({}, "x"); }),
            "x: holds too little text to split; give it at least two characters");
}

TEST(Text, EverySplitOfASingleDocumentKeepsItsBytes) {
  const std::string text =
      "a\nb\xc3\xa9\n\nc\xff"
      "d\n";
  for (std::size_t n = 2; n <= text.size(); ++n) {
    const TextSplits splits = split_text({text.substr(0, n)}, "x");
    EXPECT_EQ(splits.train.documents[0] + splits.validation.documents[0], text.substr(0, n));
  }
}

TEST(Text, FilesAreReadAndOtherNamesRefused) {
  const auto path = scratch("two.txt").string();
  write_file(path, "a\n<|endoftext|>\nb\n");
  EXPECT_EQ(load_text(path).validation.documents, Documents{"b\n"});
  EXPECT_THROW(load_text("/absent/x.txt"), InputError);
  EXPECT_EQ(test::error_of([] { load_text("browm"); }),
            "text 'browm' is neither the path of a .txt file nor known; did you mean 'brown'?");
}

}  // namespace
}  // namespace gnomon::data
