#include "trace/chrome.h"

#include <fmt/ostream.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"

namespace gnomon::trace {
namespace {

constexpr int process = 1;

// A JSON string with its quotes; bytes that are not UTF-8 are replaced.
std::string json_string(std::string_view text) {
  using Json = nlohmann::json;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "12.345", exactly: a double would lose nanoseconds after some months.
std::string microseconds(std::int64_t nanoseconds) {
  return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
}

// JSON has no infinities; a viewer would reject the whole file for one diverged loss.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : json_string(fmt::format("{}", value));
}

class Writer {
 public:
  Writer(const Trace& trace, std::ostream& out) : trace_(trace), out_(out) {
    for (const auto& label : trace.labels)
      labels_.push_back(
          {.head = fmt::format("\"name\":{},\"cat\":\"{}\"", json_string(label.text),
                               name(label.category)),
           .arguments = {json_string(label.arguments[0]), json_string(label.arguments[1])}});
  }

  void write() {
    const auto dropped =
        std::accumulate(trace_.threads.begin(), trace_.threads.end(), std::int64_t{0},
                        [](std::int64_t sum, const Thread& t) { return sum + t.dropped; });
    fmt::print(out_,
               "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"producer\":\"gnomon\","
               "\"dropped_events\":{},\"duration_ns\":{},\"steady_clock\":{}}},\n\"traceEvents\":[",
               dropped, trace_.duration, trace_.steady_clock);
    metadata("process_name", 0, "gnomon");
    for (const auto& thread : trace_.threads) write(thread);
    out_ << "\n]}\n";
  }

 private:
  struct Prepared {
    std::string head;
    std::array<std::string, 2> arguments;
  };

  void begin_event() {
    out_ << (first_ ? "\n" : ",\n");
    first_ = false;
  }

  void metadata(std::string_view what, int thread, std::string_view value) {
    begin_event();
    fmt::print(out_, R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what,
               process, thread, json_string(value));
  }

  void write(const Thread& thread) {
    metadata("thread_name", thread.id,
             thread.name.empty() ? fmt::format("thread {}", thread.id) : thread.name);
    for (const auto& event : thread.events)
      event.kind == Kind::counter ? write_counter(event, thread.id) : write_slice(event, thread.id);
    if (thread.dropped == 0) return;
    begin_event();
    fmt::print(out_,
               R"({{"ph":"i","s":"t","name":"{} events dropped: the buffer was full",)"
               R"("pid":{},"tid":{},"ts":{}}})",
               thread.dropped, process, thread.id, microseconds(trace_.duration));
  }

  void write_slice(const Event& event, int thread) {
    const Prepared& label = labels_.at(event.label);
    begin_event();
    fmt::print(out_, R"({{"ph":"X",{},"pid":{},"tid":{},"ts":{},"dur":{})", label.head, process,
               thread, microseconds(event.begin), microseconds(event.end - event.begin));
    std::string arguments;
    for (std::size_t i = 0; i < 2; ++i)
      if (!trace_.labels[event.label].arguments[i].empty())
        arguments += fmt::format("{}{}:{}", arguments.empty() ? "" : ",", label.arguments[i],
                                 event.arguments[i]);
    if (!arguments.empty()) fmt::print(out_, ",\"args\":{{{}}}", arguments);
    out_ << '}';
  }

  void write_counter(const Event& event, int thread) {
    begin_event();
    fmt::print(out_, R"({{"ph":"C",{},"pid":{},"tid":{},"ts":{},"args":{{"value":{}}}}})",
               labels_.at(event.label).head, process, thread, microseconds(event.begin),
               number(event.value));
  }

  const Trace& trace_;
  std::ostream& out_;
  std::vector<Prepared> labels_;
  bool first_ = true;
};

}  // namespace

void write_chrome(const Trace& trace, std::ostream& out) { Writer(trace, out).write(); }

void write_chrome(const Trace& trace, const std::filesystem::path& file) {
  const std::filesystem::path partial = file.string() + ".partial";
  std::ofstream out(partial, std::ios::binary);
  if (out) write_chrome(trace, out);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(partial, file, error);
  if (out && !error) return;
  const std::string cause = error ? error.message() : std::strerror(errno);
  std::filesystem::remove(partial, error);
  throw EnvironmentError("{}: the trace cannot be written: {}", file.string(), cause);
}

}  // namespace gnomon::trace
