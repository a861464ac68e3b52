#pragma once

namespace gnomon::machine {

// Other processes that run or want to at this moment, the least of three looks within a
// millisecond; 0 if the kernel does not say.
int other_runnable_processes();

// From so many on, OpenMP's idle threads had better sleep than spin: one for eight cores.
bool others_want_cores();

}  // namespace gnomon::machine
