#pragma once

// Reads traces: ours, and other programs' as far as a Trace holds them.
//
// - Chrome's JSON, also that of PyTorch's profiler (Kineto): X, B and E, C, i and I, and the names
//   in M. The other phases (flows, asynchronous events, samples) are skipped.
// - Perfetto's TrackEvent packets, interned or not, on threads' and processes' tracks and on tracks
//   of their own, with the clocks of the tracing SDK. What else a trace holds (scheduling, flows,
//   samples, counters that ride on slices) is skipped.
//
// What our model does not have is turned into what it has: of an event's arguments the first two
// integers are kept; a slice that never ends lasts until the last event; slices of a thread that
// overlap without nesting are moved to further threads of the same name; times are counted from the
// first event (ours from the recording's beginning).
//
// Memory: that of the trace and of the names. No number in a file makes the reader allocate.

#include <filesystem>
#include <iosfwd>
#include <string>

#include "trace/trace.h"

namespace gnomon::trace {

// What to do with a file that ends in the midst of an event, as a process leaves it that was
// killed: refuse it, or keep what is whole. Trace::cut_off then says so, also of a trace of ours
// that lacks its end only.
enum class CutOff { refuse, keep };

// The format is found by the file's first bytes. Throws InputError naming the file, the offset in
// bytes and the cause if it is absent, neither of the two, cut off or damaged; or if more than 1000
// slices of one thread overlap.
Trace read_trace(const std::filesystem::path& file, CutOff cut_off = CutOff::refuse);

// The same from a stream that begins at offset 0; `origin` is what errors call it.
Trace read_trace(std::istream& in, const std::string& origin, CutOff cut_off = CutOff::refuse);

}  // namespace gnomon::trace
