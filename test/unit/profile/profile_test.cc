#include "profile/profile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "profile/compare.h"

namespace gnomon::profile {
namespace {

using trace::Category;
using trace::Event;
using trace::Kind;

// A machine of 100 GFLOP/s and 10 GB/s, where a call costs a microsecond.
machine::Calibration machine() {
  machine::Calibration calibration;
  calibration.matmul = {{DType::f32, 2, FlopRate(100e9)}, {DType::bf16, 2, FlopRate(1000e9)}};
  calibration.copy = Bandwidth(10e9);
  calibration.triad = Bandwidth(8e9);
  calibration.call_overhead = Seconds(1e-6);
  return calibration;
}

constexpr std::int64_t microsecond = 1000;

Event slice(std::uint32_t label, std::int64_t begin, std::int64_t end, std::int64_t flops = 0,
            std::int64_t bytes = 0) {
  return {begin * microsecond, end * microsecond, {flops, bytes}, 0, label, Kind::slice};
}

// Two steps of 100 µs, 10 µs apart: a batch is waited for, a matrix product computes 60 µs at 50
// GFLOP/s, an addition moves bytes 20 µs at 8 GB/s.
trace::Trace two_steps() {
  trace::Trace trace;
  trace.labels = {{"step", Category::step, {}},
                  {"next batch", Category::loader, {}},
                  {"fc matmul [onednn jit:avx512_core]", Category::operation, {"flops", "bytes"}},
                  {"add", Category::operation, {"flops", "bytes"}},
                  {"loss", Category::step, {}}};
  trace.threads = {{1, "main", {}, 0, 0}};
  auto& events = trace.threads[0].events;
  for (const std::int64_t begin : {0, 110}) {
    events.push_back(slice(1, begin, begin + 5));
    events.push_back(slice(0, begin + 5, begin + 105));
    events.push_back(slice(2, begin + 10, begin + 70, 3'000'000, 1000));
    events.push_back(slice(3, begin + 70, begin + 90, 1000, 160'000));
    events.push_back(
        {(begin + 105) * microsecond, (begin + 105) * microsecond, {}, 2.5, 4, Kind::counter});
  }
  trace.duration = 220 * microsecond;
  return trace;
}

TEST(Profile, EveryMicrosecondHasACause) {
  const auto profile = analyse(two_steps(), machine(), "t");
  EXPECT_EQ(profile.steps, 2);
  double total = 0;
  for (const auto& op : profile.operators) total += op.total.value;
  std::map<std::string, double> idle;
  for (const auto& part : profile.idle)
    idle[part.cause] = part.total.value, total += part.total.value;
  EXPECT_NEAR(total, 220e-6, 1e-12);
  EXPECT_NEAR(idle["loader"], 10e-6, 1e-12);
  EXPECT_NEAR(idle["dispatch"], 40e-6, 1e-12);
  EXPECT_NEAR(idle["other"], 10e-6, 1e-12);
}

TEST(Profile, OperatorsStandUnderTheirRoof) {
  const auto profile = analyse(two_steps(), machine(), "t");
  ASSERT_EQ(profile.operators.size(), 2u);
  const auto& matmul = profile.operators[0];
  EXPECT_EQ(matmul.name, "fc");
  EXPECT_EQ(matmul.operation, "matmul");
  EXPECT_EQ(matmul.implementation, "onednn jit:avx512_core");
  EXPECT_EQ(matmul.calls, 2);
  EXPECT_EQ(matmul.bound, Bound::compute);
  EXPECT_NEAR(matmul.fraction, 0.5, 1e-9);
  const auto& add = profile.operators[1];
  EXPECT_EQ(add.bound, Bound::memory);
  EXPECT_NEAR(add.fraction, 0.8, 1e-9);
}

TEST(Profile, NarrowKernelsAreHeldToTheirOwnCeiling) {
  auto trace = two_steps();
  trace.labels[2].text = "fc matmul [onednn brg:avx512_core_amx]";
  EXPECT_NEAR(analyse(trace, machine(), "t").operators[0].fraction, 0.05, 1e-9);
}

TEST(Profile, TheFlameHoldsWhatTheStackHeld) {
  const auto profile = analyse(two_steps(), machine(), "t");
  const auto& main = profile.flame.children.at(0);
  EXPECT_EQ(main.name, "main");
  ASSERT_EQ(main.children.size(), 2u);
  EXPECT_EQ(main.children[1].name, "step");
  EXPECT_NEAR(main.children[1].total.value, 200e-6, 1e-12);
  EXPECT_EQ(main.children[1].children.size(), 2u);
}

TEST(Profile, SaysWhatWouldPayMost) {
  const auto sentences = conclusions(analyse(two_steps(), machine(), "t"));
  ASSERT_GE(sentences.size(), 4u);
  EXPECT_EQ(
      sentences[0].find("Operators took 73 % of 220 µs, the longest fc (matmul) 55 %, add 18 %."),
      0u)
      << sentences[0];
  EXPECT_NE(sentences[3].find("fc (matmul) reaches 50 %"), std::string::npos) << sentences[3];
}

TEST(Profile, OneChangeMendsOperatorsOfOneKind) {
  auto trace = two_steps();
  trace.labels.push_back({"out matmul", Category::operation, {"flops", "bytes"}});
  trace.threads[0].events.push_back(slice(5, 220, 320, 1'000'000, 1000));
  trace.duration = 320 * microsecond;
  const auto sentences = conclusions(analyse(trace, machine(), "t"));
  // 70 µs of 220 at the ceiling; 320 in all.
  EXPECT_EQ(sentences[3],
            "2 operators matmul (the longest fc) reach 32 % of what this machine can do (bound by "
            "arithmetic); at the ceiling they would save 47 % of the time.");
}

TEST(Profile, WhatCallsCostIsPartOfTheLeastTime) {
  auto trace = two_steps();
  for (auto& event : trace.threads[0].events)
    if (event.label == 3) event.arguments[1] = 8;  // moved in no time, but called
  const auto add = analyse(trace, machine(), "t").operators[1];
  EXPECT_EQ(add.bound, Bound::overhead);
  EXPECT_NEAR(add.fraction, 1.0 / 20, 1e-9);
}

TEST(Profile, EvaluationStandsApart) {
  auto trace = two_steps();
  trace.labels.push_back({"evaluation", Category::phase, {}});
  trace.threads[0].events.push_back(slice(5, 220, 300));
  trace.threads[0].events.push_back(slice(2, 230, 240, 500'000, 200));
  trace.duration = 300 * microsecond;
  const auto profile = analyse(trace, machine(), "t");
  ASSERT_EQ(profile.operators.size(), 3u);
  EXPECT_EQ(profile.operators[0].calls, 2);
  EXPECT_EQ(profile.operators[2].name, "evaluation: fc");
  EXPECT_EQ(profile.operators[2].calls, 1);
  const auto times = call_times(trace);
  EXPECT_EQ(times.at("fc matmul").size(), 2u);
  EXPECT_EQ(times.at("evaluation: fc matmul").size(), 1u);
}

TEST(Profile, ManyNamesMakeAWideFlame) {
  auto trace = two_steps();
  constexpr std::uint32_t names = 100'000;
  for (std::uint32_t i = 0; i < names; ++i) {
    trace.labels.push_back({fmt::format("task {}", i), Category::phase, {}});
    trace.threads[0].events.push_back(slice(5 + i, 220 + i, 221 + i));
  }
  EXPECT_EQ(analyse(trace, machine(), "t").flame.children.at(0).children.size(), names + 2);
}

TEST(Profile, ATraceWithoutOperatorsIsRefused) {
  auto trace = two_steps();
  for (auto& label : trace.labels) label.category = Category::phase;
  EXPECT_THROW(analyse(trace, machine(), "t"), InputError);
}

// Recordings of one operator whose calls take `base` seconds with noise between recordings.
std::vector<CallTimes> recordings(int count, double base, std::uint64_t seed) {
  const Random noise(seed, "recordings");
  std::vector<CallTimes> all;
  for (int i = 0; i < count; ++i) {
    const double level = base * std::exp(0.01 * noise.normal(static_cast<std::uint64_t>(i)));
    all.push_back({{"fc matmul", {level, level, 2 * level}}});
  }
  return all;
}

TEST(ProfileComparison, OneRecordingEachDecidesNothing) {
  const auto changes = compare(recordings(1, 1, 1), recordings(1, 2, 2));
  EXPECT_EQ(changes.at(0).verdict, stats::Verdict::undecided);
  EXPECT_NEAR(changes[0].ratio.estimate, 2, 0.1);
  EXPECT_TRUE(std::isinf(changes[0].ratio.high));
}

TEST(ProfileComparison, SeveralFindADifferenceAndNone) {
  EXPECT_EQ(compare(recordings(10, 1, 1), recordings(10, 1.2, 2)).at(0).verdict,
            stats::Verdict::worse);
  EXPECT_EQ(compare(recordings(10, 1.2, 1), recordings(10, 1, 2)).at(0).verdict,
            stats::Verdict::better);
  EXPECT_NE(compare(recordings(10, 1, 1), recordings(10, 1, 2)).at(0).verdict,
            stats::Verdict::better);
}

TEST(ProfileComparison, RefusesUnequalSides) {
  EXPECT_THROW(compare(recordings(2, 1, 1), recordings(3, 1, 1)), InputError);
  EXPECT_THROW(compare({}, {}), InputError);
}

}  // namespace
}  // namespace gnomon::profile
