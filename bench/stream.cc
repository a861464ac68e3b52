// A long recording streamed to a file: memory, time and file size as the number of events grows
// from 10⁵ to 10⁸. No event is lost: the recording thread waits where the writer cannot keep up, so
// that the rate is the writer's.

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/process.h"
#include "base/progress.h"
#include "trace/recorder.h"

namespace gnomon {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t least = 100'000, most = 100'000'000, between_looks = 100'000;

void measure(std::int64_t events) {
  const trace::Name name = trace::intern({"event", trace::Category::operation, {"flops", "bytes"}});
  const fs::path file =
      fs::temp_directory_path() / ("gnomon-stream-" + std::to_string(::getpid()) + ".pftrace");
  Bytes memory;
  const Seconds begin = now();
  trace::Recording recording(
      trace::StreamOptions{.file = file, .when_full = trace::WhenFull::wait});
  {
    Progress progress(fmt::format("{} events", events), events);
    for (std::int64_t i = 0; i < events; ++i) {
      { const trace::Scope scope(name, i, 1); }
      if (i % between_looks != 0) continue;
      memory = std::max(memory, resident_memory());
      progress.update(i, "");
    }
  }
  const auto trace = recording.stop();
  const Seconds took = now() - begin;
  std::int64_t dropped = 0;
  for (const auto& thread : trace.threads) dropped += thread.dropped;
  fmt::print("{:>12}{:>9}{:>12}{:>11.1f} M{:>14}{:>12.1f}\n", events, dropped, to_string(memory),
             static_cast<double>(events) / took.value / 1e6,
             to_string(Bytes(static_cast<double>(fs::file_size(file)))),
             static_cast<double>(fs::file_size(file)) / static_cast<double>(events));
  fs::remove(file);
}

}  // namespace
}  // namespace gnomon

int main() {
  fmt::print("{:>12}{:>9}{:>12}{:>13}{:>14}{:>12}\n", "events", "dropped", "memory", "events/s",
             "file", "bytes each");
  for (std::int64_t events = gnomon::least; events <= gnomon::most; events *= 10)
    gnomon::measure(events);
}
