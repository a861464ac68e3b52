#pragma once

// `gnomon profile` of sampled stacks: what it prints and the page that it writes.

#include <cstddef>
#include <filesystem>

namespace gnomon::app {

struct StackReport {
  std::filesystem::path stacks;  // collapsed (trace/folded.h)
  std::filesystem::path page;
  std::size_t rows = 20;  // functions that are printed
  bool json = false;      // print what the page shows instead
};

void report_stacks(const StackReport& report);

}  // namespace gnomon::app
