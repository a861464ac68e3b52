#include "trace/chrome.h"

#include <fmt/ostream.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

namespace gnomon::trace {
namespace {

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
          {.head = fmt::format("\"name\":{},\"cat\":{}", json_string(label.text),
                               json_string(category_name(label))),
           .unit = label.unit.empty() ? "" : fmt::format(",\"unit\":{}", json_string(label.unit)),
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
    for (const auto& process : trace_.processes)
      metadata("process_name", process.id, 0, process.name);
    for (const auto& thread : trace_.threads) write(thread);
    out_ << "\n]}\n";
  }

 private:
  struct Prepared {
    std::string head, unit;
    std::array<std::string, 2> arguments;
  };

  void begin_event() {
    out_ << (first_ ? "\n" : ",\n");
    first_ = false;
  }

  void metadata(std::string_view what, std::int64_t process, std::int64_t thread,
                std::string_view value) {
    begin_event();
    fmt::print(out_, R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what,
               process, thread, json_string(value));
  }

  void write(const Thread& thread) {
    const std::int64_t process = trace_.processes.at(thread.process).id;
    if (thread.id != 0 || !thread.name.empty())
      metadata("thread_name", process, thread.id,
               thread.name.empty() ? fmt::format("thread {}", thread.id) : thread.name);
    place_ = fmt::format(",\"pid\":{},\"tid\":{},\"ts\":", process, thread.id);
    for (const auto& event : thread.events) write(event);
    if (thread.dropped == 0) return;
    begin_event();
    fmt::print(out_,
               R"({{"ph":"i","s":"t","name":"{} events dropped: the buffer was full")"
               R"(,"cat":"recorder"{}{},"args":{{"dropped":{}}}}})",
               thread.dropped, place_, microseconds(trace_.duration), thread.dropped);
  }

  void write(const Event& event) {
    const Prepared& label = labels_.at(event.label);
    begin_event();
    if (event.kind == Kind::counter) {
      fmt::print(out_, R"({{"ph":"C",{}{}{}{},"args":{{"value":{}}}}})", label.head, place_,
                 microseconds(event.begin), label.unit, number(event.value));
      return;
    }
    if (event.kind == Kind::instant)
      fmt::print(out_, R"({{"ph":"i","s":"t",{}{}{})", label.head, place_,
                 microseconds(event.begin));
    else
      fmt::print(out_, R"({{"ph":"X",{}{}{},"dur":{})", label.head, place_,
                 microseconds(event.begin), microseconds(event.end - event.begin));
    std::string arguments;
    for (std::size_t i = 0; i < 2; ++i)
      if (!trace_.labels[event.label].arguments[i].empty())
        arguments += fmt::format("{}{}:{}", arguments.empty() ? "" : ",", label.arguments[i],
                                 event.arguments[i]);
    if (!arguments.empty()) fmt::print(out_, ",\"args\":{{{}}}", arguments);
    out_ << '}';
  }

  const Trace& trace_;
  std::ostream& out_;
  std::vector<Prepared> labels_;
  std::string place_;  // of the thread that is being written, up to the time
  bool first_ = true;
};

}  // namespace

void write_chrome(const Trace& trace, std::ostream& out) { Writer(trace, out).write(); }

}  // namespace gnomon::trace
