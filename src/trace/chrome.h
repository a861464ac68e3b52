#pragma once

// Chrome's JSON trace format ("Trace Event Format", Google, 2016), which ui.perfetto.dev and
// chrome://tracing open. Slices become complete events (ph X) with ts and dur in microseconds to the
// nanosecond, counters ph C; threads are named by metadata (ph M). What a thread dropped is said by
// an instant event (ph i) at its end and in otherData.

#include <filesystem>
#include <iosfwd>

#include "trace/trace.h"

namespace gnomon::trace {

// Streams: needs memory for the labels only. The caller checks `out`.
void write_chrome(const Trace& trace, std::ostream& out);

// Writes beside `file` and renames, so that a reader never sees half a trace. Throws
// EnvironmentError naming the file and the cause.
void write_chrome(const Trace& trace, const std::filesystem::path& file);

}  // namespace gnomon::trace
