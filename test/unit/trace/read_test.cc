#include "trace/read.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "base/error.h"
#include "trace/chrome.h"
#include "trace/perfetto.h"
#include "trace/write.h"
#include "unit/error_of.h"

namespace gnomon::trace {
namespace {

enum class Format { chrome, perfetto };

std::string bytes_of(const Trace& trace, Format format) {
  std::ostringstream out;
  format == Format::chrome ? write_chrome(trace, out) : write_perfetto(trace, out);
  return out.str();
}

Trace parse(const std::string& bytes, CutOff cut_off = CutOff::refuse) {
  std::istringstream in(bytes);
  return read_trace(in, "test", cut_off);
}

std::string error_of(const std::string& bytes) {
  return test::error_of([&] { parse(bytes); });
}

Trace example() {
  Trace trace;
  trace.labels = {{"step \"1\"\n", Category::step, {"images", ""}},
                  {"conv1", Category::operation, {"flops", "bytes"}},
                  {"memory", Category::phase, {}, "bytes"},
                  {"loss", Category::step, {}, "nats/image"},
                  {"checkpoint", Category::phase, {"bytes", ""}},
                  {"conv1", Category::other, {}, "", "kernel"}};
  trace.processes = {{.id = 7, .name = "gnomon"}, {.id = 3, .name = ""}};
  trace.duration = 9'000'000'000'000'123;
  trace.steady_clock = false;
  Thread thread{.id = 1, .name = "dispatcher", .events = {}, .dropped = 0};
  thread.events = {
      {.begin = 1'001, .end = 9'000'000'000'000'007, .arguments = {128, 0}, .label = 0},
      {.begin = 1'001, .end = 2'059, .arguments = {-1, 7}, .label = 1},
      {.begin = 1'001, .end = 1'001, .arguments = {0, 1}, .label = 1},
      {.begin = 2'059, .end = 2'060, .arguments = {5, 6}, .label = 1},
      {.begin = 3'000, .end = 3'000, .value = 0.1, .label = 2, .kind = Kind::counter},
      {.begin = 3'000,
       .end = 3'000,
       .value = -std::numeric_limits<double>::infinity(),
       .label = 3,
       .kind = Kind::counter},
      {.begin = 3'000, .end = 3'000, .arguments = {44, 0}, .label = 4, .kind = Kind::instant}};
  trace.threads = {thread,
                   {.id = 2, .name = "", .events = {}, .dropped = 12},
                   {.id = 1, .name = "rank 1", .events = {}, .dropped = 0, .process = 1}};
  trace.threads[2].events = {{.begin = 5, .end = 6, .label = 5}};
  return trace;
}

// Slices that nest, many of them sharing their times, with counters and instants between.
void add_random(Thread& thread, std::mt19937& random, std::int64_t begin, std::int64_t end,
                int depth) {
  const auto below = [&](std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(random);
  };
  for (std::int64_t time = begin; below(8) != 0;) {
    const std::int64_t until = time + below(end - time + 1);
    const auto label = static_cast<std::uint32_t>(below(3));
    const std::int64_t kind = below(4);
    if (kind == 0)
      thread.events.push_back({.begin = time,
                               .end = time,
                               .value = static_cast<double>(random()) / 7,
                               .label = 3,
                               .kind = Kind::counter});
    else if (kind == 1)
      thread.events.push_back({.begin = time, .end = time, .label = label, .kind = Kind::instant});
    else
      thread.events.push_back({.begin = time, .end = until, .label = label});
    if (kind > 1 && depth > 0) add_random(thread, random, time, until, depth - 1);
    time = until;
  }
}

class RoundTrip : public testing::TestWithParam<Format> {};

TEST_P(RoundTrip, KeepsEverything) {
  const Trace trace = example();
  const Trace read = parse(bytes_of(trace, GetParam()));
  EXPECT_EQ(read.labels, trace.labels);
  EXPECT_EQ(read.processes, trace.processes);
  EXPECT_EQ(read.threads, trace.threads);
  EXPECT_EQ(read, trace);
}

TEST_P(RoundTrip, KeepsAnEmptyTrace) { EXPECT_EQ(parse(bytes_of({}, GetParam())), Trace{}); }

TEST_P(RoundTrip, KeepsTimesThatCoincide) {
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) {
    Trace trace;
    trace.labels = {{"a", Category::step, {}},
                    {"b", Category::operation, {}},
                    {"a", Category::other, {}, "", "user,annotation"},
                    {"c", Category::phase, {}, "count"}};
    for (int t = 1; t <= 3; ++t) {
      Thread thread{
          .id = t, .name = "thread " + std::string(static_cast<std::size_t>(t), 'x'), .events = {}};
      add_random(thread, random, 0, 20, 3);
      sort_events(thread.events);
      trace.threads.push_back(thread);
    }
    trace.duration = 20;
    number_labels(trace);
    ASSERT_EQ(parse(bytes_of(trace, GetParam())), trace) << "trace " << i;
  }
}

TEST_P(RoundTrip, AnyPrefixIsReadOrRefused) {
  const std::string bytes = bytes_of(example(), GetParam());
  std::size_t refused = 0;
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    try {
      parse(bytes.substr(0, n));
    } catch (const InputError& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).rfind("test: offset ", 0), 0u) << error.what();
    }
    if (n <= 400) continue;
    const Trace kept = parse(bytes.substr(0, n), CutOff::keep);
    EXPECT_EQ(kept.processes.size(), 2u);
    // The last byte of JSON is a line's end.
    EXPECT_EQ(kept.cut_off, n + (GetParam() == Format::chrome ? 1 : 0) < bytes.size()) << n;
    EXPECT_LE(kept.duration, example().duration);
  }
  EXPECT_GT(refused, bytes.size() / 2);
}

TEST_P(RoundTrip, ThroughAFileWhoseNameTellsTheFormat) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("gnomon-read-" + std::to_string(::getpid()) +
                     (GetParam() == Format::chrome ? ".json" : ".pftrace"));
  write_trace(example(), file);
  EXPECT_EQ(read_trace(file), example());
  std::ifstream in(file);
  EXPECT_EQ(in.get(), GetParam() == Format::chrome ? '{' : '\n');
  std::filesystem::remove(file);
}

INSTANTIATE_TEST_SUITE_P(Formats, RoundTrip, testing::Values(Format::chrome, Format::perfetto),
                         [](const auto& format) {
                           return format.param == Format::chrome ? "Chrome" : "Perfetto";
                         });

TEST(Read, RefusesWhatIsNoTrace) {
  EXPECT_NE(error_of("").find("is empty"), std::string::npos);
  EXPECT_NE(error_of("\x1f\x8b").find("gzip -d"), std::string::npos);
  EXPECT_EQ(error_of(std::string(1, '\0')),
            "test: offset 0: neither JSON nor a Perfetto trace; record one with --trace");
  EXPECT_EQ(error_of("{}"), "test: has no traceEvents: no trace");
  EXPECT_THROW(read_trace("/absent"), InputError);
  EXPECT_THROW(read_trace("/"), InputError);
}

// --- Chrome's JSON, by others -------------------------------------------------------------------

TEST(ReadChrome, PairsBeginningsAndEndsByTime) {
  const Trace trace = parse(R"([
    {"ph":"E","pid":1,"tid":2,"ts":9},
    {"ph":"B","pid":1,"tid":2,"ts":1,"name":"outer"},
    {"ph":"B","pid":1,"tid":2,"ts":2.5,"name":"inner","cat":"c"},
    {"ph":"E","pid":1,"tid":2,"ts":3},
    {"ph":"E","pid":1,"tid":2,"ts":0.5},
    {"ph":"B","pid":1,"tid":2,"ts":10,"name":"never ends"},
    {"ph":"X","pid":1,"tid":3,"ts":11,"dur":1e1,"name":"last"}
  ])");
  ASSERT_EQ(trace.threads.size(), 2u);
  const auto& events = trace.threads[0].events;
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(trace.labels[events[0].label].text, "outer");
  EXPECT_EQ(events[0].begin, 0);
  EXPECT_EQ(events[0].end, 8'000);
  EXPECT_EQ(trace.labels[events[1].label].other, "c");
  EXPECT_EQ(events[1].begin, 1'500);
  EXPECT_EQ(events[1].end, 2'000);
  EXPECT_EQ(events[2].end, 20'000);
  EXPECT_EQ(trace.duration, 20'000);
}

// As PyTorch 2 writes it: metadata, texts for numbers, nested arguments, flows.
TEST(ReadChrome, ReadsAProfileOfPyTorch) {
  const Trace trace = parse(R"json({
    "schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA A100", "totalGlobalMem": 42298834944}],
    "record_shapes": 1, "displayTimeUnit": "ms", "baseTimeNanoseconds": 1717000000000000000,
    "traceEvents": [
    {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 4242, "tid": 4242, "ts": 2811234567.123, "dur": 31.250,
     "args": {"External id": 17, "Record function id": 0, "Concrete Inputs": ["", "3"], "Input Dims": [[8, 64], [64, 10]], "Ev Idx": 16}},
    {"ph": "X", "cat": "kernel", "name": "sgemm", "pid": 0, "tid": 7, "ts": 2811234580.001, "dur": 10,
     "args": {"queued": 0, "device": 0, "stream": 7, "grid": [1, 2, 3], "est. achieved occupancy %": 12.5}},
    {"ph": "s", "id": 17, "pid": 4242, "tid": 4242, "ts": 2811234567.123, "cat": "ac2g", "name": "ac2g"},
    {"ph": "f", "id": 17, "pid": 0, "tid": 7, "ts": 2811234580.001, "cat": "ac2g", "name": "ac2g", "bp": "e"},
    {"name": "process_name", "ph": "M", "ts": 2811234567.100, "pid": 4242, "tid": 0, "args": {"name": "python"}},
    {"name": "process_sort_index", "ph": "M", "ts": 2811234567.100, "pid": 4242, "tid": 0, "args": {"sort_index": 4242}},
    {"name": "thread_name", "ph": "M", "ts": 2811234567.100, "pid": 0, "tid": 7, "args": {"name": "stream 7 "}},
    {"ph": "X", "cat": "Trace", "ts": 2811234500, "dur": 2000.5, "pid": "Spans", "tid": "PyTorch Profiler",
     "name": "PyTorch Profiler (0)", "args": {"Op count": 0}},
    {"ph": "i", "cat": "cpu_instant_event", "s": "t", "name": "[memory]", "pid": 4242, "tid": 4242, "ts": 2811234570.5,
     "args": {"Total Reserved": 0, "Total Allocated": 2560, "Bytes": 2560, "Addr": 94512345678912, "Device Id": -1}},
    {"name": "Iteration Start: PyTorch Profiler", "ph": "i", "s": "g", "pid": "Traces", "tid": "Trace PyTorch Profiler", "ts": 2811234500}
    ], "traceName": "trace.json"})json");
  ASSERT_EQ(trace.processes.size(), 4u);
  EXPECT_EQ(trace.processes[0], (Process{4242, "python"}));
  EXPECT_EQ(trace.processes[2].name, "Spans");
  ASSERT_EQ(trace.threads.size(), 4u);
  const Thread& cpu = trace.threads[0];
  ASSERT_EQ(cpu.events.size(), 2u);
  EXPECT_EQ(cpu.events[0].begin, 67'123);  // after the first event
  EXPECT_EQ(cpu.events[0].end, 67'123 + 31'250);
  const Label& mm = trace.labels[cpu.events[0].label];
  EXPECT_EQ(mm.text, "aten::mm");
  EXPECT_EQ(mm.other, "cpu_op");
  EXPECT_EQ(mm.arguments[0], "External id");
  EXPECT_EQ(cpu.events[0].arguments[0], 17);
  EXPECT_EQ(cpu.events[1].kind, Kind::instant);
  EXPECT_EQ(cpu.events[1].arguments[1], 2560);
  EXPECT_EQ(trace.threads[1].name, "stream 7 ");
  EXPECT_EQ(trace.duration, 2'000'500);
}

TEST(ReadChrome, ACounterMayHaveSeveralSeries) {
  const Trace trace =
      parse(R"([{"ph":"C","pid":1,"name":"memory","ts":1,"args":{"used":1.5,"free":2}}])");
  ASSERT_EQ(trace.labels.size(), 2u);
  EXPECT_EQ(trace.labels[0].text, "memory used");
  EXPECT_EQ(trace.labels[1].text, "memory free");
  EXPECT_EQ(trace.threads.at(0).events.at(1).value, 2);
}

TEST(ReadChrome, SlicesThatOverlapGoToFurtherThreads) {
  const Trace trace = parse(R"([
    {"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"io"}},
    {"ph":"X","pid":1,"tid":1,"ts":0,"dur":5,"name":"a"},
    {"ph":"X","pid":1,"tid":1,"ts":3,"dur":5,"name":"b"},
    {"ph":"X","pid":1,"tid":1,"ts":4,"dur":6,"name":"c"},
    {"ph":"X","pid":1,"tid":1,"ts":6,"dur":1,"name":"d"}])");
  ASSERT_EQ(trace.threads.size(), 3u);
  EXPECT_EQ(trace.threads[0].events.size(), 2u);
  EXPECT_EQ(trace.threads[1].events.size(), 1u);
  EXPECT_EQ(trace.threads[2].events.size(), 1u);
  EXPECT_EQ(trace.threads[2].name, "io");
  EXPECT_NE(trace.threads[1].id, trace.threads[2].id);
}

TEST(ReadChrome, NamesTheOffsetOfWhatIsWrong) {
  EXPECT_EQ(error_of(R"([{"ph":"X","name":"a"}])"),
            "test: event before offset 22: ts is no time in microseconds");
  EXPECT_NE(error_of(R"([{"ph":"X","ts":1,"dur":-1}])").find("dur is no duration"),
            std::string::npos);
  EXPECT_EQ(error_of(R"([{"ph":"X")"), "test: offset 11: the file is cut off");
  EXPECT_NE(error_of(R"([{"ph":!}])").find("test: offset 8: no JSON"), std::string::npos);
  EXPECT_NE(error_of(R"([{"ph":"i","ts":1e300}])").find("ts is no time"), std::string::npos);
}

// --- TrackEvent packets, by others --------------------------------------------------------------

// Protobuf by hand, so that the numbers are not taken from our own .proto.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 127; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes + static_cast<char>(value);
}
std::string field(unsigned number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}
std::string field(unsigned number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}
std::string packet(const std::string& fields) { return field(1, fields); }
std::string event(std::uint64_t time, unsigned type, const std::string& fields) {
  return packet(field(8, time) + field(10, 1u) + field(11, field(9, type) + fields));
}

constexpr unsigned slice_begin = 1, slice_end = 2, type_instant = 3, type_counter = 4;

std::string thread_track(std::uint64_t uuid, std::uint64_t pid, std::uint64_t tid,
                         const std::string& name) {
  return packet(
      field(60, field(1, uuid) + field(4, field(1, pid) + field(2, tid) + field(5, name))));
}

TEST(ReadPerfetto, ReadsNamesThatAreNotInterned) {
  const Trace trace =
      parse(thread_track(5, 10, 11, "main") +
            event(100, slice_begin,
                  field(11, 5u) + field(22, "render") + field(23, "frame") +
                      field(4, field(10, "vsync") + field(3, 9u)) +
                      field(4, field(10, "text") + field(6, "skipped")) + field(999, "unknown")) +
            event(120, slice_end, field(11, 5u)) + packet(field(500, "unknown")));
  ASSERT_EQ(trace.threads.size(), 1u);
  EXPECT_EQ(trace.threads[0].name, "main");
  EXPECT_EQ(trace.threads[0].id, 11);
  EXPECT_EQ(trace.processes[0].id, 10);
  EXPECT_EQ(trace.threads[0].events,
            (std::vector<Event>{{.begin = 0, .end = 20, .arguments = {9, 0}}}));
  EXPECT_EQ(trace.labels[0], (Label{"frame", Category::other, {"vsync", ""}, "", "render"}));
}

// What the tracing SDK writes: numbers for names and a clock that counts from packet to packet.
TEST(ReadPerfetto, ReadsTheSdksClocksAndNumbers) {
  const std::string clocks = field(6, field(1, field(1, 6u) + field(2, 5'000u)) +
                                          field(1, field(1, 64u) + field(2, 70u) + field(3, 1u)));
  const std::string sequence = field(10, 3u);
  const auto packet_of = [&](std::uint64_t delta, unsigned flags, const std::string& fields) {
    return packet(field(8, delta) + sequence + field(13, flags) + fields);
  };
  const std::string trace_bytes =
      packet_of(0, 2, field(11, field(9, slice_begin))) +  // before the state is known: skipped
      packet(sequence + field(41, 1u) + clocks +
             field(59, field(58, 64u) + field(11, field(11, 5u)))) +
      packet_of(100, 2,
                field(12, field(2, field(1, 8u) + field(2, "work"))) +
                    field(11, field(9, slice_begin) + field(10, 8u))) +
      packet_of(30, 2, field(11, field(9, slice_end))) +
      packet_of(5, 2, field(11, field(9, slice_begin) + field(10, 8u))) +
      packet_of(5, 2, field(11, field(9, slice_end))) + thread_track(5, 1, 2, "late");
  const Trace trace = parse(trace_bytes);
  ASSERT_EQ(trace.threads.size(), 1u);
  EXPECT_EQ(trace.threads[0].name, "late");
  ASSERT_EQ(trace.threads[0].events.size(), 2u);
  EXPECT_EQ(trace.threads[0].events[0].end, 30);
  EXPECT_EQ(trace.threads[0].events[1].begin, 35);
  EXPECT_EQ(trace.labels.at(0).text, "work");
}

TEST(ReadPerfetto, CountersOfAProcessAreItsThreadZero) {
  const Trace trace =
      parse(packet(field(60, field(1, 1u) + field(3, field(1, 10u) + field(6, "server")))) +
            packet(field(60, field(1, 2u) + field(5, 1u) + field(2, "heap") +
                                 field(8, field(3, 3u) + field(4, 1024u) + field(5, 1u)))) +
            event(10, type_counter, field(11, 2u) + field(30, 3u)) +
            event(20, type_counter, field(11, 2u) + field(30, 1u)) +
            event(30, type_instant, field(11, 77u) + field(23, "on a track of its own")));
  EXPECT_EQ(trace.processes[0], (Process{10, "server"}));
  ASSERT_EQ(trace.threads.size(), 2u);
  EXPECT_EQ(trace.threads[0].id, 0);
  EXPECT_EQ(trace.threads[0].events.at(0).value, 3 * 1024);
  EXPECT_EQ(trace.threads[0].events.at(1).value, 4 * 1024);
  EXPECT_EQ(trace.labels[0], (Label{"heap", Category::other, {}, "bytes", ""}));
  EXPECT_EQ(trace.threads[1].events.at(0).kind, Kind::instant);
}

TEST(ReadPerfetto, NamesTheOffsetOfWhatIsWrong) {
  const std::string whole = thread_track(5, 10, 11, "main");
  EXPECT_EQ(error_of(whole + field(1, std::string(3, '\xff'))),
            fmt::format("test: offset {}: the packet is damaged", whole.size()));
  EXPECT_EQ(error_of(whole + field(1, 5u)),
            fmt::format("test: offset {}: no packet begins here; the file is damaged, or no trace",
                        whole.size()));
  EXPECT_EQ(error_of(whole + varint(10) + varint(1ull << 60) + "short"),
            fmt::format("test: offset {}: the packet that begins here is cut off", whole.size()));
  EXPECT_NE(error_of(event(~0ull, type_instant, "")).find("beyond 73 years"), std::string::npos);
  EXPECT_NE(error_of(packet(field(50, "zip"))).find("compressed"), std::string::npos);
}

// `count` slices of one thread, each of which begins before the one before it has ended.
std::string staircase(int count) {
  std::string json = "[";
  for (int i = 0; i < count; ++i)
    json += fmt::format(R"({}{{"ph":"X","name":"s","pid":1,"tid":1,"ts":{},"dur":100000}})",
                        i == 0 ? "" : ",", i);
  return json + "]";
}

TEST(Read, SlicesThatDoNotNestGetThreadsOfTheirOwn) {
  const Trace trace = parse(R"([
    {"ph":"X","name":"a","pid":1,"tid":1,"ts":0,"dur":10},
    {"ph":"X","name":"b","pid":1,"tid":1,"ts":5,"dur":10},
    {"ph":"X","name":"c","pid":1,"tid":1,"ts":6,"dur":2},
    {"ph":"X","name":"d","pid":1,"tid":1,"ts":12,"dur":10},
    {"ph":"X","name":"e","pid":1,"tid":2,"ts":0,"dur":1}])");
  ASSERT_EQ(trace.threads.size(), 3u);
  EXPECT_EQ(trace.threads[0].events.size(), 3u) << "a, c within it, d after it";
  EXPECT_EQ(trace.threads[2].events.size(), 1u) << "b";
  EXPECT_NE(trace.threads[2].id, trace.threads[0].id);
  EXPECT_NE(trace.threads[2].id, trace.threads[1].id);

  EXPECT_EQ(parse(staircase(1000)).threads.size(), 1000u);
  EXPECT_EQ(error_of(staircase(1001)),
            "test: more than 1000 slices of thread 1 overlap at 1000000 ns; what runs at one time "
            "belongs on tracks of its own");
}

}  // namespace
}  // namespace gnomon::trace
