#pragma once

// Measures the ceilings of this host (machine/calibration.h says what they mean): the best of
// several matrix products of 1024³ in f32 and, where the processor has them, bf16, with one thread,
// with two and with all; the bandwidth of copying and of STREAM's triad over arrays far larger than the
// caches; the time of one primitive on one element.

#include "machine/calibration.h"
#include "machine/host.h"

namespace gnomon::exec {

// Takes about five seconds, at most ten, and shows its progress. The best of several is what the
// hardware can do; a busy neighbour can still hide it, so measure again if a result looks low. Not
// to be called while other work runs. Throws Interrupted on Ctrl-C.
machine::Calibration calibrate(const machine::Host& host);

// What was measured before, otherwise what is measured now, which is stored.
machine::Calibration known_calibration(const machine::Host& host);

}  // namespace gnomon::exec
