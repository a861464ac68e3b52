#include "trace/recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "base/error.h"

namespace gnomon::trace {
namespace {

Name named(const std::string& text) { return intern({text, Category::operation, {"first", ""}}); }

const Thread* thread_named(const Trace& trace, std::string_view name) {
  for (const auto& thread : trace.threads)
    if (thread.name == name) return &thread;
  return nullptr;
}

TEST(Names, EqualLabelsHaveEqualNames) {
  EXPECT_EQ(named("a"), named("a"));
  EXPECT_NE(named("a"), named("b"));
  EXPECT_NE(named("a"), intern({"a", Category::step, {"first", ""}}));
  EXPECT_EQ(labels().at(named("a").id).text, "a");
}

TEST(Recorder, RecordsNothingWhenOff) {
  { const Scope scope(named("before")); }
  Recording recording;
  const Trace trace = recording.stop();
  { const Scope scope(named("after")); }
  EXPECT_TRUE(trace.threads.empty());
}

TEST(Recorder, SlicesNestAndKeepTheirArguments) {
  Recording recording;
  name_thread("main");
  {
    const Scope outer(named("outer"), 1);
    { const Scope inner(named("inner"), 2, 3); }
    { const Scope inner(named("inner"), 4, 5); }
  }
  const Trace trace = recording.stop();
  ASSERT_EQ(trace.threads.size(), 1u);
  const auto& events = trace.threads[0].events;
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(trace.labels.at(events[0].label).text, "outer");
  EXPECT_EQ(events[1].arguments, (std::array<std::int64_t, 2>{2, 3}));
  EXPECT_EQ(events[2].arguments, (std::array<std::int64_t, 2>{4, 5}));
  EXPECT_LE(events[0].begin, events[1].begin);
  EXPECT_LE(events[1].end, events[2].begin);
  EXPECT_LE(events[2].end, events[0].end);
  EXPECT_LE(events[0].end, trace.duration + 1000);
}

TEST(Recorder, CountersKeepTheirValue) {
  Recording recording;
  counter(named("loss"), 2.25);
  const Trace trace = recording.stop();
  const Event& event = trace.threads.at(0).events.at(0);
  EXPECT_EQ(event.kind, Kind::counter);
  EXPECT_EQ(event.value, 2.25);
}

// The counter's rate is calibrated against the steady clock: a known time must come out.
TEST(Recorder, TimesAreNanoseconds) {
  using Clock = std::chrono::steady_clock;
  Recording recording;
  name_thread("main");
  const auto begin = Clock::now();
  {
    const Scope scope(named("spin"));
    while (Clock::now() - begin < std::chrono::milliseconds(20)) {
    }
  }
  const double measured = std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
  const Event event = recording.stop().threads.at(0).events.at(0);
  const auto recorded = static_cast<double>(event.end - event.begin);
  EXPECT_LE(recorded, measured * 1.001);
  EXPECT_GE(recorded, 20e6 * 0.98);
}

TEST(Recorder, EachThreadHasItsOwnEvents) {
  constexpr int threads = 4, events = 1000;
  Recording recording;
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t)
    workers.emplace_back([t] {
      name_thread("worker " + std::to_string(t));
      for (int i = 0; i < events; ++i) const Scope scope(named("work"), t);
    });
  for (auto& worker : workers) worker.join();
  const Trace trace = recording.stop();
  for (int t = 0; t < threads; ++t) {
    const Thread* thread = thread_named(trace, "worker " + std::to_string(t));
    ASSERT_NE(thread, nullptr);
    ASSERT_EQ(thread->events.size(), static_cast<std::size_t>(events));
    for (const auto& event : thread->events) ASSERT_EQ(event.arguments[0], t);
  }
}

TEST(Recorder, AFullBufferDropsAndCounts) {
  Recording recording(Bytes(10 * sizeof(detail::Record)));
  for (int i = 0; i < 25; ++i) const Scope scope(named("many"), i);
  const Trace trace = recording.stop();
  EXPECT_EQ(trace.threads.at(0).events.size(), 10u);
  EXPECT_EQ(trace.threads.at(0).events.back().arguments[0], 9);
  EXPECT_EQ(trace.threads.at(0).dropped, 15);
}

TEST(Recorder, RecordingsDoNotMix) {
  for (int i = 0; i < 3; ++i) {
    Recording recording;
    { const Scope scope(named("once"), i); }
    const Trace trace = recording.stop();
    ASSERT_EQ(trace.threads.at(0).events.size(), 1u);
    EXPECT_EQ(trace.threads.at(0).events[0].arguments[0], i);
  }
}

TEST(Recorder, AScopeOpenAcrossRecordingsBelongsToNone) {
  std::optional<Recording> recording(std::in_place);
  auto open = std::make_unique<Scope>(named("open"));
  recording->stop();
  recording.reset();
  recording.emplace();
  open.reset();
  const Trace trace = recording->stop();
  for (const auto& thread : trace.threads) EXPECT_TRUE(thread.events.empty());
}

TEST(Recorder, OnlyOneRecordingAtATime) {
  Recording recording;
  EXPECT_THROW(Recording(), InternalError);
  recording.stop();
  EXPECT_THROW(recording.stop(), InternalError);
}

// Recording may stop while others work; what a thread sanitizer checks here.
TEST(Recorder, MayStopWhileOthersRecord) {
  std::atomic<bool> done = false;
  std::thread worker([&] {
    while (!done) const Scope scope(named("busy"));
  });
  for (int i = 0; i < 20; ++i) {
    Recording recording(Bytes(1 << 16));
    { const Scope scope(named("main")); }
    EXPECT_GE(recording.stop().threads.size(), 1u);
  }
  done = true;
  worker.join();
}

TEST(Trace, TrimmedBeginsAndEndsWithItsEvents) {
  Trace trace;
  trace.duration = 1000;
  trace.threads.resize(2);
  const auto add = [&](std::size_t thread, std::int64_t begin, std::int64_t end) {
    Event event;
    event.begin = begin;
    event.end = end;
    trace.threads[thread].events.push_back(event);
  };
  add(0, 120, 300);
  add(0, 310, 310);
  add(1, 100, 400);
  trim(trace);
  EXPECT_EQ(trace.duration, 300);
  using Times = std::pair<std::int64_t, std::int64_t>;
  const auto times = [&](std::size_t thread, std::size_t event) {
    const Event& found = trace.threads[thread].events[event];
    return Times(found.begin, found.end);
  };
  EXPECT_EQ(times(0, 0), Times(20, 200));
  EXPECT_EQ(times(0, 1), Times(210, 210));
  EXPECT_EQ(times(1, 0), Times(0, 300));
  Trace empty;
  empty.duration = 5;
  trim(empty);
  EXPECT_EQ(empty.duration, 0);
}

}  // namespace
}  // namespace gnomon::trace
