// Any bytes are a trace in Chrome's JSON, which then keeps its events when it is written and read again, or are refused with InputError.

#include <sstream>

#include "base/error.h"
#include "trace/chrome.h"
#include "trace/readers.h"

namespace {

std::size_t events_of(const gnomon::trace::Trace& trace) {
  std::size_t events = 0;
  for (const auto& thread : trace.threads) events += thread.events.size();
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace gnomon::trace;
  try {
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    const Trace trace = read_chrome(in, "fuzz", CutOff::keep);
    std::stringstream written;
    write_chrome(trace, written);
    if (events_of(read_chrome(written, "written", CutOff::refuse)) != events_of(trace))
      __builtin_trap();
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
