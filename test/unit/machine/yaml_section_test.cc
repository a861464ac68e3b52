#include "machine/yaml_section.h"

#include <gtest/gtest.h>

#include "unit/error_of.h"

namespace gnomon::yaml {
namespace {

std::string loading(const std::string& text) {
  return test::error_of([&] { load(text, "f.yaml"); });
}

Section section(const std::string& text, std::vector<std::string> known = {}) {
  return {"f.yaml", "", load(text, "f.yaml"), std::move(known)};
}

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(YamlLoad, WhatIsNotYamlIsNamedWithItsLine) {
  EXPECT_TRUE(loading("a: 1\nb: [\n").starts_with("f.yaml:3: is not YAML: "))
      << loading("a: 1\nb: [\n");
  EXPECT_EQ(loading("a: 1\n"), "accepted");
  EXPECT_EQ(loading(""), "accepted");
}

TEST(YamlLoad, NestingIsBounded) {
  EXPECT_EQ(loading(repeated("[", 16) + repeated("]", 16)), "accepted");
  const std::string refusal = "f.yaml:1: nested more than 16 deep; check indentation and brackets";
  EXPECT_EQ(loading(repeated("[", 17) + repeated("]", 17)), refusal);
  // Each of these once overflowed the stack of a recursive parser.
  for (const char* piece : {"[", "{a: ", "- ", "? ", "[a: "})
    EXPECT_EQ(loading(repeated(piece, 20'000)), refusal) << piece;
}

TEST(YamlLoad, SizeAndNumberOfValuesAreBounded) {
  EXPECT_EQ(loading(repeated("x", 1 << 20) + "x"), "f.yaml: is larger than 1 MiB; write less");
  EXPECT_EQ(loading("[" + repeated("1,", 20'000) + "]"),
            "f.yaml:1: more than 10000 values; write fewer");
}

TEST(YamlLoad, AliasesAndFurtherDocumentsAreRefused) {
  EXPECT_EQ(loading("a: &x [1, 2]\nb: *x\n"),
            "f.yaml:2: aliases (*name) are not allowed; write the value out");
  EXPECT_EQ(loading("a: &x\n  b: *x\n"),
            "f.yaml:2: aliases (*name) are not allowed; write the value out");
  EXPECT_EQ(loading("a: 1\n---\nb: 2\n"),
            "f.yaml:2: a second document begins here; keep one to a file");
}

TEST(YamlSection, KeysAreKnownAndGivenOnce) {
  EXPECT_EQ(test::error_of([] { section("cores: 1\ncors: 2\n", {"cores"}); }),
            "f.yaml:2: cors: unknown key; did you mean 'cores'?");
  EXPECT_EQ(test::error_of([] { section("a: 1\na: 2\n"); }),
            "f.yaml:2: a: is given twice; keep one");
  EXPECT_EQ(test::error_of([] { section("[a]: 1\n"); }),
            "f.yaml:1: a key is not plain text; write 'key: value'");
  EXPECT_EQ(test::error_of([] { section("- a\n"); }),
            "f.yaml:1: is not a mapping; write 'key: value' lines");
}

TEST(YamlSection, NumbersAreFiniteAndInRange) {
  EXPECT_EQ(section("a: 2.5e1").number("a", 100), 25.0);
  EXPECT_EQ(section("a: 1").number("b", 100), std::nullopt);
  for (const char* word : {"two", ".inf", "inf", "nan", "1e999", "0x10", "1 2", "1,5"})
    EXPECT_EQ(test::error_of([&] { section(std::string("a: ") + word).number("a", 100); }),
              fmt::format("f.yaml:1: a: '{}' is not a number", word));
  for (const char* word : {"0", "-1", "101", "1e300"})
    EXPECT_EQ(test::error_of([&] { section(std::string("a: ") + word).number("a", 100); }),
              fmt::format("f.yaml:1: a: '{}' is out of range; write a number above 0 and up to 100",
                          word));
  EXPECT_EQ(test::error_of([] { section("a: 1.5").count("a", 100); }),
            "f.yaml:1: a: '1.5' is not a whole number");
}

TEST(YamlSection, ChoicesSuggestTheNearest) {
  const std::vector<std::string> names = {"nvlink", "pcie"};
  EXPECT_EQ(section("a: pcie").choice("a", names), 1u);
  EXPECT_EQ(test::error_of([&] { section("a: nvlnk").choice("a", names); }),
            "f.yaml:1: a: 'nvlnk' is unknown; did you mean 'nvlink'?");
  EXPECT_EQ(test::error_of([&] { section("b: 1").choice("a", names); }),
            "f.yaml:1: a: is missing; write one of nvlink, pcie");
}

TEST(YamlSection, SectionsWithinNameTheirPath) {
  const Section top = section("a:\n  b:\n    c: x\nd:\n  - e: 1\n  - f: 2\n");
  EXPECT_EQ(test::error_of([&] { top.section("a", {}).section("b", {}).number("c", 1); }),
            "f.yaml:3: a.b.c: 'x' is not a number");
  EXPECT_EQ(test::error_of([&] { top.sections("d", {"e"}); }),
            "f.yaml:6: d.f: unknown key; did you mean 'e'?");
  EXPECT_EQ(test::error_of([&] { top.sections("a", {}); }),
            "f.yaml:2: a: is not a list; write a line '- key: value' for each");
  EXPECT_TRUE(top.sections("absent", {}).empty());
}

}  // namespace
}  // namespace gnomon::yaml
