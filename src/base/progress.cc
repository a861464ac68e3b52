#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "base/clock.h"

namespace gnomon {
namespace {

std::atomic<bool> silent = false;

}  // namespace

void Progress::silence() { silent = true; }

Progress::Progress(std::string label, std::int64_t total)
    : label_(std::move(label)),
      total_(total),
      start_(now()),
      shown_(start_),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { finish(); }

void Progress::update(std::int64_t done, std::string_view note) {
  if (silent) return;
  const Seconds time = now();
  const Seconds interval(terminal_ ? 0.1 : 10);
  if (time - shown_ < interval || (!drawn_ && time - start_ < Seconds(0.5))) return;
  shown_ = time;
  drawn_ = true;
  const Seconds elapsed = time - start_;
  std::string line = label_;
  if (total_ > 0) {
    const double share =
        std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
    if (terminal_) {
      constexpr int width = 24;
      const int filled = static_cast<int>(share * width);
      line += "  ";
      for (int i = 0; i < width; ++i) line += i < filled ? "█" : "░";
    }
    line += fmt::format("  {:.0f} %", share * 100);
    if (share > 0) line += fmt::format("  {} left", to_string(elapsed * ((1 - share) / share)));
  } else {
    line += fmt::format("  {} done in {}", done, to_string(elapsed));
  }
  if (!note.empty()) line += fmt::format("  {}", note);
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[2K" : "", line, terminal_ ? "" : "\n");
  std::fflush(stderr);
}

void Progress::finish() {
  if (drawn_ && terminal_ && !silent) {
    fmt::print(stderr, "\r\x1b[2K");
    std::fflush(stderr);
  }
  drawn_ = false;
}

}  // namespace gnomon
