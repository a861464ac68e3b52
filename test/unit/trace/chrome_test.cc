#include "trace/chrome.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "trace/write.h"

namespace gnomon::trace {
namespace {

using Json = nlohmann::json;

Trace example() {
  Trace trace;
  trace.labels = {{"step \"1\"\n", Category::step, {"images", ""}},
                  {"conv1", Category::operation, {"flops", "bytes"}},
                  {"loss", Category::step, {}}};
  trace.processes = {{.id = 7, .name = "gnomon"}};
  trace.duration = 9'000'000'000'000'123;
  Thread thread{.id = 1, .name = "dispatcher", .events = {}, .dropped = 0};
  thread.events = {
      {.begin = 1'001, .end = 9'000'000'000'000'007, .arguments = {128, 0}, .label = 0},
      {.begin = 2'050, .end = 2'059, .arguments = {-1, 7}, .label = 1},
      {.begin = 3'000, .end = 3'000, .value = 0.5, .label = 2, .kind = Kind::counter}};
  trace.threads = {thread, {.id = 2, .name = "", .events = {}, .dropped = 12}};
  return trace;
}

std::string text_of(const Trace& trace) {
  std::ostringstream out;
  write_chrome(trace, out);
  return out.str();
}

std::vector<Json> events_of(const Json& file, std::string_view phase) {
  std::vector<Json> events;
  for (const auto& event : file.at("traceEvents"))
    if (event.at("ph") == phase) events.push_back(event);
  return events;
}

TEST(Chrome, SlicesHaveNameCategoryAndArguments) {
  const auto slices = events_of(Json::parse(text_of(example())), "X");
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(slices[0].at("name"), "step \"1\"\n");
  EXPECT_EQ(slices[0].at("cat"), "step");
  EXPECT_EQ(slices[0].at("args"), (Json{{"images", 128}}));
  EXPECT_EQ(slices[1].at("cat"), "operator");
  EXPECT_EQ(slices[1].at("args"), (Json{{"flops", -1}, {"bytes", 7}}));
  EXPECT_EQ(slices[1].at("tid"), 1);
}

// Microseconds with three decimals, also where a double could not hold them.
TEST(Chrome, TimesKeepTheirNanoseconds) {
  const std::string text = text_of(example());
  EXPECT_NE(text.find("\"ts\":1.001,\"dur\":8999999999999.006"), std::string::npos) << text;
  EXPECT_NE(text.find("\"ts\":2.050,\"dur\":0.009"), std::string::npos) << text;
  EXPECT_EQ(Json::parse(text).at("displayTimeUnit"), "ns");
}

TEST(Chrome, ThreadsAreNamed) {
  const auto metadata = events_of(Json::parse(text_of(example())), "M");
  ASSERT_EQ(metadata.size(), 3u);
  EXPECT_EQ(metadata[0].at("name"), "process_name");
  EXPECT_EQ(metadata[1].at("args").at("name"), "dispatcher");
  EXPECT_EQ(metadata[2].at("args").at("name"), "thread 2");
}

TEST(Chrome, WhatWasDroppedIsSaid) {
  const Json file = Json::parse(text_of(example()));
  EXPECT_EQ(file.at("otherData").at("dropped_events"), 12);
  const auto instants = events_of(file, "i");
  ASSERT_EQ(instants.size(), 1u);
  EXPECT_EQ(instants[0].at("tid"), 2);
  EXPECT_EQ(instants[0].at("name"), "12 events dropped: the buffer was full");
}

TEST(Chrome, CountersOfAnyValueStayValidJson) {
  Trace trace = example();
  trace.threads[0].events[2].value = std::numeric_limits<double>::infinity();
  const auto counters = events_of(Json::parse(text_of(trace)), "C");
  ASSERT_EQ(counters.size(), 1u);
  EXPECT_EQ(counters[0].at("args").at("value"), "inf");
}

TEST(Chrome, NamesThatAreNotUtf8AreReplaced) {
  Trace trace = example();
  trace.labels[0].text = "\xff";
  EXPECT_TRUE(Json::accept(text_of(trace)));
}

TEST(Chrome, AnEmptyTraceIsValid) { EXPECT_TRUE(Json::accept(text_of(Trace{}))); }

TEST(Chrome, WritesAWholeFileOrNone) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("gnomon-chrome-" + std::to_string(::getpid()) + ".json");
  write_trace(example(), file);
  std::ifstream stream(file);
  EXPECT_EQ(Json::parse(stream).at("traceEvents").size(), 7u);
  std::filesystem::remove(file);
  EXPECT_FALSE(std::filesystem::exists(file.string() + ".partial"));
  EXPECT_THROW(write_trace(example(), "/absent/trace.json"), EnvironmentError);
}

}  // namespace
}  // namespace gnomon::trace
