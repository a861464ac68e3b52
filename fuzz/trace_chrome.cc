// Any bytes as a trace in Chrome's JSON.

#include "trace/chrome.h"

#include "trace_round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  return gnomon::trace::round_trip(data, size, gnomon::trace::read_chrome,
                                   gnomon::trace::write_chrome);
}
