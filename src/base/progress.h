#pragma once

// A progress line on stderr with the time left, for anything that lasts over two seconds: redrawn
// in place on a terminal, a plain line every ten seconds elsewhere, silent when asked.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"

namespace gnomon {

class Progress {
 public:
  // `total` in steps of the caller's choosing; 0 if unknown.
  Progress(std::string label, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` steps are complete; `note` (a loss, a configuration) is shown behind the bar.
  void update(std::int64_t done, std::string_view note = {});
  void finish();  // clears the line; the destructor does it too

  static void silence();  // for --quiet and --json; affects every later Progress

 private:
  std::string label_;
  std::int64_t total_;
  Seconds start_;
  Seconds shown_;
  bool terminal_;
  bool drawn_ = false;
};

}  // namespace gnomon
