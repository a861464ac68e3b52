#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "trace/read.h"
#include "trace/recorder.h"

namespace gnomon::trace {
namespace {

Name numbered() { return intern({"numbered", Category::operation, {"number", ""}}); }

class Stream : public testing::Test {
 protected:
  Stream()
      : file_(std::filesystem::temp_directory_path() /
              ("gnomon-stream-" + std::to_string(::getpid()) + ".pftrace")) {}
  ~Stream() override { std::filesystem::remove(file_); }

  StreamOptions options(double records, WhenFull when_full = WhenFull::wait) const {
    return {.file = file_,
            .memory_per_thread = Bytes(records * sizeof(detail::Record)),
            .when_full = when_full};
  }

  std::filesystem::path file_;
};

// Every thread's events are numbered from 0 without a gap; returns how many there are.
std::int64_t count_numbered(const Trace& trace) {
  std::int64_t count = 0;
  for (const auto& thread : trace.threads) {
    std::int64_t next = 0;
    for (const auto& event : thread.events) EXPECT_EQ(event.arguments[0], next++);
    count += next;
  }
  return count;
}

TEST_F(Stream, TheFileHasWhatWasRecorded) {
  Recording recording(options(64));
  name_thread("first name");
  counter(intern({"memory", Category::phase, {}, "bytes"}), 4096);
  for (int i = 0; i < 500; ++i) {
    const Scope outer(intern({"outer", Category::step, {"number", "square"}}), i, i * i);
    const Scope inner(intern({"inner", Category::operation, {}}));
  }
  instant(intern({"checkpoint", Category::phase, {"bytes", ""}}), 7);
  name_thread("main");
  const Trace summary = recording.stop();
  const Trace trace = read_trace(file_);
  EXPECT_EQ(trace.processes, summary.processes);
  EXPECT_EQ(trace.processes[0].id, ::getpid());
  EXPECT_NE(trace.processes[0].name.find("test_trace"), std::string::npos);
  EXPECT_EQ(trace.duration, summary.duration);
  EXPECT_EQ(trace.steady_clock, summary.steady_clock);
  ASSERT_EQ(trace.threads.size(), 1u);
  EXPECT_EQ(summary.threads.at(0).name, "main");
  EXPECT_EQ(trace.threads[0].name, "main");
  EXPECT_EQ(trace.threads[0].dropped, 0);
  const auto& events = trace.threads[0].events;
  ASSERT_EQ(events.size(), 1002u);
  EXPECT_EQ(events[0].value, 4096);
  EXPECT_EQ(trace.labels[events[0].label].unit, "bytes");
  for (int i = 0; i < 500; ++i) {
    const Event &outer = events[1 + 2 * i], &inner = events[2 + 2 * i];
    ASSERT_EQ(trace.labels[outer.label].text, "outer");
    ASSERT_EQ(outer.arguments, (std::array<std::int64_t, 2>{i, i * i}));
    ASSERT_EQ(trace.labels[inner.label].text, "inner");
    ASSERT_LE(outer.begin, inner.begin);
    ASSERT_LE(inner.end, outer.end);
  }
  EXPECT_EQ(events.back().kind, Kind::instant);
  EXPECT_LE(events.back().end, trace.duration);
}

// A stream's ticks become nanoseconds piece by piece; a slice over many pieces keeps those inside
// it.
TEST_F(Stream, LongSlicesHoldTheShortOnes) {
  Recording recording(options(256));
  {
    const Scope whole(intern({"whole", Category::phase, {}}));
    for (int i = 0; i < 40; ++i) {
      const Scope part(intern({"part", Category::phase, {}}));
      for (int j = 0; j < 2000; ++j) const Scope scope(numbered(), j);
    }
  }
  recording.stop();
  const Trace trace = read_trace(file_);
  ASSERT_EQ(trace.threads.size(), 1u) << "what does not nest is moved to further threads";
  EXPECT_EQ(trace.threads[0].events.size(), 40u * 2001 + 1);
  EXPECT_EQ(trace.labels[trace.threads[0].events[0].label].text, "whole");
}

TEST_F(Stream, WhatFindsTheBufferFullIsCounted) {
  constexpr std::int64_t events = 300'000;
  Recording recording(options(16, WhenFull::drop));
  for (std::int64_t i = 0; i < events; ++i) const Scope scope(numbered(), i);
  const Trace summary = recording.stop();
  const Trace trace = read_trace(file_);
  const Thread& thread = trace.threads.at(0);
  EXPECT_GT(thread.dropped, 0);
  EXPECT_EQ(summary.threads.at(0).dropped, thread.dropped);
  EXPECT_EQ(static_cast<std::int64_t>(thread.events.size()) + thread.dropped, events);
  for (std::size_t i = 1; i < thread.events.size(); ++i)
    ASSERT_LT(thread.events[i - 1].arguments[0], thread.events[i].arguments[0]);
}

TEST_F(Stream, EachThreadHasItsOwnEvents) {
  Recording recording(options(128));
  std::vector<std::thread> workers;
  for (int t = 0; t < 4; ++t)
    workers.emplace_back([t] {
      name_thread("worker " + std::to_string(t));
      for (int i = 0; i < 20'000; ++i) const Scope scope(numbered(), i);
    });
  for (auto& worker : workers) worker.join();
  recording.stop();
  const Trace trace = read_trace(file_);
  EXPECT_EQ(trace.threads.size(), 4u);
  EXPECT_EQ(count_numbered(trace), 80'000);
}

// What a thread sanitizer checks here.
TEST_F(Stream, MayStopWhileOthersRecord) {
  std::atomic<bool> done = false;
  std::thread worker([&] {
    while (!done) const Scope scope(numbered());
  });
  for (int i = 0; i < 20; ++i) {
    Recording recording(options(1024, i % 2 == 0 ? WhenFull::wait : WhenFull::drop));
    { const Scope scope(numbered()); }
    EXPECT_GE(recording.stop().threads.size(), 1u);
    EXPECT_NO_THROW(read_trace(file_));
  }
  done = true;
  worker.join();
}

TEST_F(Stream, AFileThatCannotBeWrittenIsSaid) {
  EXPECT_THROW(Recording({.file = "/absent/run.pftrace"}), EnvironmentError);
  EXPECT_FALSE(recording());
  Recording full({.file = "/dev/full"});
  { const Scope scope(numbered()); }
  EXPECT_THROW(full.stop(), EnvironmentError);
  EXPECT_FALSE(recording());
  Recording next(options(64));
  EXPECT_TRUE(next.stop().threads.empty());
}

// --- in a process of their own ------------------------------------------------------------------

#ifdef GNOMON_SANITIZERS
constexpr bool sanitized = true;  // slow, and shadow memory is counted
#else
constexpr bool sanitized = false;
#endif

struct Child {
  int status = 0;  // as wait gives it
  Bytes memory;    // at its peak, above what this process had when it was made
};

Bytes resident() {
  std::ifstream file("/proc/self/statm");
  double size = 0, pages = 0;
  file >> size >> pages;
  return Bytes(pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
}

// Runs `body` in a process of its own.
template <typename Body>
Child run_child(Body body) {
  const Bytes before = resident();
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  Child result;
  rusage usage{};
  EXPECT_EQ(::wait4(child, &result.status, 0, &usage), child);
  result.memory = Bytes(static_cast<double>(usage.ru_maxrss) * 1024) - before;
  return result;
}

// 400 MB of records pass through 2 MiB of buffers.
TEST_F(Stream, TenMillionEventsNeedBoundedMemory) {
  constexpr int events = sanitized ? 200'000 : 10'000'000;
  const auto record = [] {
    for (int i = 0; i < events / 2; ++i) const Scope scope(numbered(), i);
  };
  const Child child = run_child([&] {
    Recording recording(options(static_cast<double>(1 << 20) / sizeof(detail::Record)));
    std::thread other(record);
    record();
    other.join();
    recording.stop();
  });
  ASSERT_EQ(child.status, 0);
  if (!sanitized) {
    EXPECT_LT(child.memory, Bytes(16 << 20)) << to_string(child.memory);
  }
  EXPECT_EQ(count_numbered(read_trace(file_)), events);
}

// Killed in the midst of a stream whose threads wait for room, a process leaves all but what its
// buffer and the writer's held.
TEST_F(Stream, AKilledProcessLeavesATrace) {
  constexpr int buffer = 1 << 14, recorded = 40 * buffer;
  const Child child = run_child([&] {
    Recording recording(options(buffer));
    for (int i = 0; i < recorded; ++i) const Scope scope(numbered(), i);
    ::raise(SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(child.status));
  const Trace trace = read_trace(file_, CutOff::keep);
  EXPECT_GT(count_numbered(trace), recorded - 4 * buffer);
  EXPECT_TRUE(trace.cut_off);
}

TEST_F(Stream, ThreadsThatHaveEndedGiveTheirMemoryBack) {
  const Child child = run_child([&] {
    Recording recording(options(1 << 17));
    for (int t = 0; t < 100; ++t) std::thread([] { const Scope scope(numbered()); }).join();
    recording.stop();
  });
  ASSERT_EQ(child.status, 0);
  if (!sanitized) {
    EXPECT_LT(child.memory, Bytes(200 << 20)) << to_string(child.memory);  // all at once: 500 MiB
  }
  EXPECT_EQ(read_trace(file_).threads.size(), 100u);
}

}  // namespace
}  // namespace gnomon::trace
