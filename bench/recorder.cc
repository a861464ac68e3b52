// What tracing costs: nanoseconds per scoped event with recording on and off, beside the two time
// stamp readings that no recorder can do without. The three are interleaved, because the host's
// speed drifts; the quartile is reported, because neighbours disturb.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "trace/recorder.h"

namespace gnomon {
namespace {

constexpr int events = 20000;
constexpr int rounds = 200;

struct Measure {
  const char* what;
  std::array<double, rounds> nanoseconds{};  // per event

  double quartile() {
    std::nth_element(nanoseconds.begin(), nanoseconds.begin() + rounds / 4, nanoseconds.end());
    return nanoseconds[rounds / 4];
  }
};

template <typename Body>
double nanoseconds_per_event(Body body) {
  const Seconds begin = now();
  for (int i = 0; i < events; ++i) {
    body(i);
    asm volatile("" ::: "memory");
  }
  return (now() - begin).value * 1e9 / events;
}

void measure_recorder() {
  const trace::Name name = trace::intern({"event", trace::Category::operation, {"flops", "bytes"}});
  Measure nothing{"empty loop"}, floor{"two time stamps (the floor)"}, off{"scope, recording off"},
      on{"scope, recording on"}, streamed{"scope, streamed to a file"};
  const auto file = std::filesystem::temp_directory_path() /
                    ("gnomon-recorder-" + std::to_string(::getpid()) + ".pftrace");
  const auto scoped = [&](int i) { const trace::Scope scope(name, i, 1); };
  for (std::size_t round = 0; round < rounds; ++round) {
    nothing.nanoseconds[round] = nanoseconds_per_event([](int) {});
    floor.nanoseconds[round] = nanoseconds_per_event([](int) {
      std::uint64_t begin = __rdtsc(), end = __rdtsc();
      asm volatile("" : "+r"(begin), "+r"(end));
    });
    off.nanoseconds[round] = nanoseconds_per_event(scoped);
    {
      trace::Recording recording;
      trace::name_thread("main");
      on.nanoseconds[round] = nanoseconds_per_event(scoped);
    }
    trace::Recording recording(trace::StreamOptions{.file = file});
    trace::name_thread("main");
    streamed.nanoseconds[round] = nanoseconds_per_event(scoped);
  }
  std::filesystem::remove(file);
  const double loop = nothing.quartile();
  fmt::print("{:<32}{:>10}\n", "per event", "ns");
  for (Measure* measure : {&floor, &off, &on, &streamed})
    fmt::print("{:<32}{:>10.2f}\n", measure->what, measure->quartile() - loop);
}

}  // namespace
}  // namespace gnomon

int main() { gnomon::measure_recorder(); }
