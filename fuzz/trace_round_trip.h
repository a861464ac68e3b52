#pragma once

// What holds for every format of traces: any bytes are a trace, which then keeps its events when it
// is written and read again, or are refused with InputError.

#include <istream>
#include <ostream>
#include <sstream>
#include <string>

#include "base/error.h"
#include "trace/readers.h"
#include "trace/trace.h"

namespace gnomon::trace {

inline std::size_t events_of(const Trace& trace) {
  std::size_t events = 0;
  for (const auto& thread : trace.threads) events += thread.events.size();
  return events;
}

template <typename Read, typename Write>
int round_trip(const unsigned char* data, std::size_t size, Read read, Write write) {
  Trace trace;
  try {
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    trace = read(in, "fuzz", CutOff::keep);
  } catch (const InputError&) {
    return 0;
  }
  std::stringstream written;
  write(trace, written);
  if (events_of(read(written, "written", CutOff::refuse)) != events_of(trace)) __builtin_trap();
  return 0;
}

}  // namespace gnomon::trace
