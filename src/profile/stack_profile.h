#pragma once

// Where native CPU time went, from sampled stacks (trace/stacks.h): by function and by library, and
// what of it has no name.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "profile/profile.h"
#include "trace/stacks.h"

namespace gnomon::profile {

// All calls of one function, on all threads. Samples and not seconds, for the period may be
// unknown.
struct FunctionTime {
  std::string name, library;  // as trace::parse_function gives them
  std::int64_t own = 0;       // samples in which it was running
  std::int64_t total = 0;     // samples in which it or what it called was; in recursion once
};

struct LibraryTime {
  std::string library;  // "" is the program itself
  std::int64_t own = 0;
  std::int64_t unnamed = 0;  // of these, how many are of code without a name
};

struct StackProfile {
  std::int64_t samples = 0;
  std::int64_t lost = 0;
  Seconds period;  // of CPU time a sample; 0 if not known
  std::int64_t threads = 0;
  std::int64_t callers_unknown = 0;  // samples whose stacks do not begin at a thread's start …
  std::int64_t callers_unknown_generated = 0;  // … because they ended in generated code
  std::vector<FunctionTime> functions;  // the most of their own first, then the most in total
  std::vector<LibraryTime> libraries;   // the most first
  Frame
      flame;  // its children are the threads; in seconds, or in samples if the period is not known

  double share(std::int64_t part) const {
    return static_cast<double>(part) / static_cast<double>(samples);
  }
};

// The first frame of a stack is its thread, not a function. Throws InputError if there is no
// sample.
StackProfile analyse(const trace::Stacks& stacks, std::string_view origin);

// What there is to say, the most important first: which code took the time, what of it has no name
// or no callers and why, and what was lost.
std::vector<std::string> conclusions(const StackProfile& profile);

// "the program itself" for "".
std::string library_words(std::string_view library);

}  // namespace gnomon::profile
