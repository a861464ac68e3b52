#pragma once

// Native stacks, counted: which chains of functions were found on threads' stacks, and how often. A
// sampler makes them (stack_sampler.h); files of other programs hold them too (folded.h).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/units.h"

namespace gnomon::trace {

// A tree of calls. Its root, calls[0], is no call; the calls below the root are the threads; a
// thread's are its outermost functions, and so on inward.
struct Stacks {
  struct Call {
    std::uint32_t parent = 0;    // index into calls; a parent comes before its children
    std::uint32_t function = 0;  // index into functions
    std::int64_t samples = 0;    // in which this call was the innermost

    bool operator==(const Call&) const = default;
  };

  std::vector<std::string> functions = {""};  // names; the first is the root's
  std::vector<Call> calls = {{}};
  Seconds period;         // of a thread's CPU time, between two of its samples; 0 if not known
  std::int64_t lost = 0;  // samples that nobody could take in time
  std::int64_t samples() const;  // all of them

  bool operator==(const Stacks&) const = default;
};

// How names tell where code lies. A function of the program itself has its bare name; another's
// ends in its library: "memcpy [libc.so.6]". Code that a program made while it ran lies in
// `generated`. Where no name is known, it is `unnamed`: "no symbol [libdnnl.so.2]".
inline constexpr std::string_view generated = "generated code";
inline constexpr std::string_view unnamed = "no symbol";
std::string qualified(std::string_view name, std::string_view library);

struct FunctionName {
  std::string_view name, library;  // the library is "" if it is the program itself
};
FunctionName parse_function(std::string_view qualified_name);

// Stands between a thread and those functions whose callers could not be found.
inline constexpr std::string_view callers_unknown = "callers not known";

// Counts stacks into a tree.
class StackCounter {
 public:
  // Of calls, the tree holds at most so many and two more; stacks that need more are counted
  // together as a call below a thread, both named `beyond`.
  explicit StackCounter(std::size_t most_calls) : most_calls_(most_calls) {}
  static constexpr std::string_view beyond = "stacks beyond the limit";

  // The number of a name; equal names have equal numbers.
  std::uint32_t function(std::string_view name);

  // A stack is given from its thread inward, and has at least the thread. False if it was beyond.
  bool add(std::span<const std::uint32_t> stack, std::int64_t samples);

  // What was counted; period and losses are the caller's to set. Nothing may be counted after it.
  Stacks take() { return std::move(stacks_); }

 private:
  std::uint32_t call(std::uint32_t parent, std::uint32_t function);

  std::size_t most_calls_;
  Stacks stacks_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::uint64_t, std::uint32_t> known_;  // by parent and function
};

}  // namespace gnomon::trace
