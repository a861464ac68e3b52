#include "data/csv.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

using Words = std::vector<std::string>;

std::string message(const std::string& text, const CsvOptions& options = {}) {
  return test::error_of([&] { parse_csv(text, "x.csv", options); });
}

TEST(Csv, WordsBecomeClassesInOrderOfFirstAppearance) {
  const Table table = parse_csv("width,height,kind\n1,2,plum\n-3.5,4e2,apple\n0,+.5,plum\n", "x");
  EXPECT_EQ(table.features,
            Tensor::of<float>({3, 2}, std::array{1.f, 2.f, -3.5f, 400.f, 0.f, .5f}));
  EXPECT_EQ(table.labels, Tensor::of<std::int32_t>({3}, std::array{0, 1, 0}));
  EXPECT_EQ(table.columns, (Words{"width", "height"}));
  EXPECT_EQ(table.classes, (Words{"plum", "apple"}));
}

TEST(Csv, IntegersAreTheClassesThemselves) {
  const Table table = parse_csv("1,3\r\n2,0\r\n3,3", "x");
  EXPECT_EQ(table.features.shape(), (Shape{3, 1}));
  EXPECT_EQ(table.labels, Tensor::of<std::int32_t>({3}, std::array{3, 0, 3}));
  EXPECT_TRUE(table.columns.empty());
  EXPECT_EQ(table.classes, (Words{"0", "1", "2", "3"}));
}

TEST(Csv, IntegersThatAreNoIndicesAreWords) {
  const Table signs = parse_csv("1,-1\n2,+1\n3,-1\n", "x");
  EXPECT_EQ(signs.classes, (Words{"-1", "+1"}));
  EXPECT_EQ(signs.labels, Tensor::of<std::int32_t>({3}, std::array{0, 1, 0}));
  EXPECT_EQ(parse_csv("1,65536\n", "x").classes, (Words{"65536"}));
  EXPECT_EQ(parse_csv("1,1.5\n2,other\n", "x").classes, (Words{"1.5", "other"}));
}

TEST(Csv, TheLabelMayBeAnyColumnOrNone) {
  const std::string text = "kind,a,b\nx,1,2\ny,3,4\n";
  const Table named = parse_csv(text, "x", {.label = "kind"});
  EXPECT_EQ(named.features, Tensor::of<float>({2, 2}, std::array{1.f, 2.f, 3.f, 4.f}));
  EXPECT_EQ(named.columns, (Words{"a", "b"}));
  EXPECT_EQ(named.classes, (Words{"x", "y"}));
  const Table targets = parse_csv("1,2.5\n3,-4\n", "x", {.targets = true, .label = ""});
  EXPECT_EQ(targets.labels, Tensor::of<float>({2, 1}, std::array{2.5f, -4.0f}));
  EXPECT_TRUE(targets.classes.empty());
  const Table bare = parse_csv("1,2\n", "x", {.labelled = false, .label = ""});
  EXPECT_EQ(bare.features, Tensor::of<float>({1, 2}, std::array{1.f, 2.f}));
  EXPECT_EQ(bare.labels, Tensor(DType::i32, {0}));
}

TEST(Csv, HeadersAreDetectedOrAsTold) {
  EXPECT_EQ(parse_csv("1,x\n2,y\n", "x").features.shape()[0], 2);
  EXPECT_EQ(parse_csv("a,x\n2,y\n", "x").features.shape()[0], 1);
  const CsvOptions present{.header = CsvHeader::present, .label = ""};
  EXPECT_EQ(parse_csv("2019,2020\n2,y\n", "x", present).columns, Words{"2019"});
  const CsvOptions absent{.header = CsvHeader::absent, .label = ""};
  EXPECT_EQ(
      message("a,x\n2,y\n", absent),
      "x.csv:1:1: 'a' in column 1 is not a number; features are numbers, the label is column 2");
}

TEST(Csv, QuotesHoldCommasLinesAndQuotes) {
  const Table table = parse_csv("\"a \"\"b\"\"\",kind\n\"1\" , \"x, y\r\nz\"\n", "x");
  EXPECT_EQ(table.columns, Words{"a \"b\""});
  EXPECT_EQ(table.classes, Words{"x, y\r\nz"});
}

TEST(Csv, MarksSpacesAndEmptyLinesArePassedOver) {
  const Table table = parse_csv("\xef\xbb\xbf\n a\t, kind \n\r\n 1 , x y \n\n", "x");
  EXPECT_EQ(table.columns, Words{"a"});
  EXPECT_EQ(table.classes, Words{"x y"});
}

TEST(Csv, RandomTablesComeBackExactly) {
  const Random random(3, "csv");
  std::uint64_t draw = 0;
  for (int round = 0; round < 100; ++round) {
    const auto rows = static_cast<std::int64_t>(1 + random.below(9, draw++));
    const auto columns = static_cast<std::int64_t>(1 + random.below(5, draw++));
    Tensor features(DType::f32, {rows, columns});
    std::string text;
    for (std::int64_t i = 0; i < rows * columns; ++i) {
      const auto value = static_cast<float>(random.normal(draw++) * 1e3);
      features.span<float>()[static_cast<std::size_t>(i)] = value;
      text += fmt::format("{}{}", value, (i + 1) % columns == 0 ? ",7\r\n" : ",");
    }
    const Table table = parse_csv(text, "x");
    EXPECT_EQ(table.features, features);
    EXPECT_EQ(table.classes.size(), 8u);
  }
}

// A cut may leave a shorter number or table, which is sound; it never does anything else.
TEST(Csv, EveryTruncationIsATableOrRefused) {
  const std::string text = "a,\"b \"\"c\"\"\",kind\r\n1,2.5,x\r\n-3e-2,4,\"y,\nz\"\r\n";
  for (std::size_t n = 0; n < text.size(); ++n) {
    const std::string answer = message(text.substr(0, n));
    EXPECT_TRUE(answer == "accepted" || answer.starts_with("x.csv:")) << n << answer;
  }
  EXPECT_EQ(
      message(text.substr(0, text.find(",\"y"))),
      "x.csv:3:7: the record has 2 fields and the first has 3; quote commas within fields, or "
      "correct the row");
}

TEST(Csv, NamesTheFieldAndTheRemedy) {
  EXPECT_EQ(message("a,b,k\n1,2,x\n1,two,x\n"),
            "x.csv:3:3: 'two' in column 2, 'b' is not a number; features are numbers, the label is "
            "column 3");
  EXPECT_EQ(message("\"a\nb\",k\n1,x\n , x\n"),
            "x.csv:4:2: column 1, 'a?b' is empty; fill it in or remove the row");
  EXPECT_EQ(message("1,2\n1,\n"), "x.csv:2:3: the label is empty; fill it in or remove the row");
  for (const auto* value : {"1e39", "-1e999", "inf", "NaN"})
    EXPECT_EQ(
        message(fmt::format("1,x\n{},x\n", value)),
        fmt::format("x.csv:2:1: '{}' in column 1 is no finite f32; correct it or remove the row",
                    value));
  EXPECT_EQ(
      message("1,2,3\n1,2,3,4\n"),
      "x.csv:2:7: the record has 4 fields and the first has 3; quote commas within fields, or "
      "correct the row");
  EXPECT_EQ(
      message("1,a\"b\n"),
      "x.csv:1:4: a quote within a field that does not begin with one; put the whole field in "
      "quotes and double those within");
  EXPECT_EQ(message("1,\"a\"b\n"),
            "x.csv:1:6: 'b' after a closing quote; double the quotes within a field");
  EXPECT_EQ(message("1,\"a\n"), "x.csv:1:3: a quoted field without end; close the quote");
  EXPECT_EQ(message("1,a\r1,b\r"),
            "x.csv:1:4: a carriage return without a line feed; end lines with LF or CRLF");
  EXPECT_EQ(message(std::string("1,\0a\n", 5)),
            "x.csv:1:3: a NUL byte; save the table as UTF-8 text");
  EXPECT_EQ(message("1,2\n1,2.5\n"),
            "x.csv:2:3: label '2.5' is a number but no class; labels are integers or words (to "
            "predict numbers, train with --loss mean-squared-error)");
  EXPECT_EQ(message("1,2\n1,x\n", {.targets = true, .label = ""}),
            "x.csv:2:3: 'x' in column 2 (the label) is not a number; features and labels are "
            "numbers");
  EXPECT_EQ(message(""), "x.csv: has no record; a table needs at least one row");
  EXPECT_EQ(message("a,b\n"), "x.csv: has no record; a table needs at least one row");
  EXPECT_EQ(message("1\n2\n"),
            "x.csv: has one column; a table needs a column of features beside the labels");
  EXPECT_EQ(message("a,kind\n1,x\n", {.label = "kinds"}),
            "x.csv: no column is named 'kinds'; did you mean 'kind'?");
  EXPECT_EQ(message("kind,kind\n1,x\n", {.label = "kind"}),
            "x.csv: two columns are named 'kind'; rename one");
  EXPECT_EQ(
      message("1,2\n", {.label = "kind"}),
      "x.csv: has no header, so no column is named 'kind'; add a header or leave the label to be "
      "the last column");
}

TEST(Csv, ClassesAndFieldsAreBounded) {
  std::string text;
  for (int i = 0; i <= 65536; ++i) text += fmt::format("1,c{}\n", i);
  EXPECT_EQ(message(text), "x.csv:65537:3: more than 65536 classes; name the column of the labels");
  EXPECT_EQ(message(std::string(65536, ',')),
            "x.csv:1:65537: more than 65536 fields; split the table");
}

TEST(Csv, NumbersTooSmallAreNought) {
  EXPECT_EQ(parse_csv("1e-999,x\n", "x").features.span<float>()[0], 0.0f);
}

TEST(Csv, FilesAreReadAndAbsentOnesNamed) {
  const auto path = std::filesystem::path(testing::TempDir()) / "table.csv";
  write_file(path, "1,2\n");
  EXPECT_EQ(read_csv(path).labels.count(), 1);
  EXPECT_THROW(read_csv("/absent/x.csv"), InputError);
}

}  // namespace
}  // namespace gnomon::data
