#pragma once

// Ctrl-C and SIGTERM as a flag that long work polls between steps, so that it stops cleanly and
// loses nothing.

namespace gnomon {

// Installs the handlers. A second Ctrl-C ends the process at once; what comes within 0.3 s of the
// first is the first: `timeout` and others signal both a process and its group.
void catch_interrupts();

bool interrupted();

// Throws Interrupted if the flag is set.
void check_interrupt();

}  // namespace gnomon
