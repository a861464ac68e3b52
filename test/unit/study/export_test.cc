#include "study/export.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace gnomon::study {
namespace {

Report sample() {
  Report report;
  report.study = "s</script><!--";
  report.answer = {0, "Choose a.", {"because"}, {}, "enough"};
  report.objectives = {"wall"};
  report.constraints = {"wall < 5"};
  report.measures = {{"wall", "s", "wall time", "minimise", "blocks"}};
  ConfigurationReport a;
  a.knobs = {{"level", "1"}, {"name", "x, \"y\""}};
  a.label = "a";
  a.blocks = 2;
  a.measures["wall"] = {1, 0.5, std::numeric_limits<double>::infinity(), 0.95};
  ConfigurationReport b = a;
  b.id = 1;
  b.against_chosen = AgainstChosen{{1.2, 1.1, 1.3, 0.95}, 0.01, "worse"};
  report.configurations = {a, b};
  Replicate r;
  r.configuration = 1;
  r.started = "2026-11-22T00:00:00Z";
  r.wall = 0.25;
  r.values = {{"wall", 0.25}};
  report.replicates = {r};
  report.aa = {0, {{"wall", {1, 0.9, 1.1, 0.95}}}, true, {{"wall", 0.1}}};
  report.price = PriceReport{"sku", 0.1, "2026", "where", "half"};
  report.provenance = {{"revision", "12"}};
  report.method = {{"blocks", "2"}, {"budget", "60 s"}};
  return report;
}

TEST(Export, JsonComesBackUnchanged) {
  const std::string json = to_json(sample());
  EXPECT_EQ(to_json(report_from_json(json, "x")), json);
}

TEST(Export, JsonHasTheTypesOfTheContract) {
  const auto json = nlohmann::json::parse(to_json(sample()));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_TRUE(json["configurations"][0]["knobs"]["level"].is_number_integer());
  EXPECT_TRUE(json["configurations"][0]["knobs"]["name"].is_string());
  EXPECT_TRUE(json["configurations"][0]["measures"]["wall"]["high"].is_null());
  EXPECT_FALSE(json["configurations"][0].contains("against_chosen"));
  EXPECT_EQ(json["configurations"][1]["against_chosen"]["verdict"], "worse");
  EXPECT_EQ(json["constraints"][0]["text"], "wall < 5");
  EXPECT_TRUE(json["provenance"]["revision"].is_string());
  EXPECT_EQ(json["method"]["blocks"], 2);
  EXPECT_EQ(json["answer"]["chosen"], 0);
}

TEST(Export, NotAReport) {
  EXPECT_THROW(report_from_json("{", "x"), InputError);
  EXPECT_THROW(report_from_json("{\"schema\": 2}", "x"), InputError);
}

TEST(Export, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(to_csv(sample()),
            "block,position,configuration,level,name,aa,started,elapsed,outcome,wall\n"
            "0,0,1,1,\"x, \"\"y\"\"\",0,2026-11-22T00:00:00Z,0.25,ok,0.25\n");
}

TEST(Export, DataCannotEndTheirScriptElement) {
  const std::string page = to_html(sample());
  const auto begin = page.find("<script id=\"data\" type=\"application/json\">");
  ASSERT_NE(begin, std::string::npos);
  const auto end = page.find("</script>", begin);
  const std::string data = page.substr(page.find('>', begin) + 1, end - page.find('>', begin) - 1);
  EXPECT_EQ(nlohmann::json::parse(data)["study"], "s</script><!--");
}

}  // namespace
}  // namespace gnomon::study
