#include "page/page.h"

#include <gtest/gtest.h>

namespace gnomon::page {
namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t i = 0; (i = text.find(part, i)) != std::string_view::npos; i += part.size())
    ++found;
  return found;
}

TEST(Page, HoldsTheDataOnce) {
  const std::string page = html(R"({"kind": "run", "title": "lenet"})");
  EXPECT_EQ(count(page, R"(<script id="data" type="application/json">{"kind": "run",)"), 1U);
  EXPECT_EQ(count(page, R"("lenet"})"), 1U);
}

TEST(Page, TextOfTheDataNeitherEndsNorHidesTheirElement) {
  const std::string empty = html("{}");
  const std::string page = html(R"({"title": "</script><!-- <script>alert(1)</script>"})");
  for (const std::string_view tag : {"<script", "</script", "<!--"})
    EXPECT_EQ(count(page, tag), count(empty, tag)) << tag;
  EXPECT_NE(page.find(R"(\u003c/script>\u003c!--)"), std::string::npos);
}

}  // namespace
}  // namespace gnomon::page
