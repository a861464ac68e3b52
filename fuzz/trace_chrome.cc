// Any bytes are a trace in Chrome's JSON, which then keeps its events when it is written and read again, or are refused with InputError.

#include <sstream>

#include "base/error.h"
#include "trace/chrome.h"
#include "trace/readers.h"

namespace gnomon::trace {
namespace {

std::size_t events_of(const Trace& trace) {
  std::size_t events = 0;
  for (const auto& thread : trace.threads) events += thread.events.size();
  return events;
}

// What is read can be written, and read again.
void read_and_write(std::string bytes) {
  std::istringstream in(std::move(bytes));
  const Trace trace = read_chrome(in, "fuzz", CutOff::keep);
  std::stringstream written;
  write_chrome(trace, written);
  if (events_of(read_chrome(written, "written", CutOff::refuse)) != events_of(trace))
    __builtin_trap();
}

}  // namespace
}  // namespace gnomon::trace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    gnomon::trace::read_and_write(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
