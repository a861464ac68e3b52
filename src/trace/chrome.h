#pragma once

// Chrome's JSON trace format ("Trace Event Format", Google, 2016), which ui.perfetto.dev and
// chrome://tracing open. Slices become complete events (ph X) with ts and dur in microseconds to
// the nanosecond, counters ph C (their unit is an extra key), instants ph i; processes and threads
// are named by metadata (ph M). What a thread dropped is said by an instant at its end and in
// otherData.

#include <iosfwd>

#include "trace/trace.h"

namespace gnomon::trace {

// Streams: needs memory for the labels only. The caller checks `out`.
void write_chrome(const Trace& trace, std::ostream& out);

}  // namespace gnomon::trace
