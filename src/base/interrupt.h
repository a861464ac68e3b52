#pragma once

// Ctrl-C and SIGTERM as a flag that long work polls between steps, so that it stops cleanly and
// loses nothing.

#include "base/clock.h"

namespace gnomon {

// Installs the handlers. A second Ctrl-C ends the process at once; what comes within 0.3 s of the
// first, by the clock, is the first: `timeout` and others signal both a process and its group. The
// clock is read by a signal handler.
void catch_interrupts(Seconds (*clock)() = now);

bool interrupted();

// Throws Interrupted if the flag is set.
void check_interrupt();

}  // namespace gnomon
