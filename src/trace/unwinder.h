#pragma once

// Who called whom, from a copy of a thread's registers and of the top of its stack: by the tables
// that compilers leave for exceptions (.eh_frame), read by libdw of elfutils. Programs need neither
// frame pointers nor debug information. Not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

struct Dwfl;
struct Dwfl_Module;

namespace gnomon::trace::detail {

// What a thread was found with. Registers are numbered as in the System V ABI's DWARF mapping for
// x86-64 (rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 … r15, the program counter); the stack begins
// at what rsp points to.
struct ThreadState {
  std::array<std::uint64_t, 17> registers{};
  std::span<const std::byte> stack;
};

class Unwinder {
 public:
  // An address in a function: of the instruction that was running, or of a call.
  struct Frame {
    std::uint64_t address;
    Dwfl_Module* module;  // program or library that holds it; null: code that was made at run time
  };

  // Looks at this process. Throws EnvironmentError if its file cannot be read.
  Unwinder();
  ~Unwinder();
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;

  // The frames from the innermost outward, at most `deepest`. False if the outermost function was
  // not reached: the copy of the stack may be too short, a table wrong, a caller not found.
  // Libraries loaded since are found from the second sample in one on.
  //
  // Code made at run time has no tables. Its caller is searched for: it is the first word on the
  // stack that is an address behind an indirect call, and from which unwinding ends where a thread
  // was seen to begin before. What the caller had in rbp is then in its place still, or just below
  // that word, where oneDNN's kernels save it (jit_generator::preamble).
  static constexpr std::size_t deepest = 256;
  bool unwind(const ThreadState& state, std::vector<Frame>& frames);

 private:
  void report();
  bool walk_up(const ThreadState& state, std::vector<Frame>& frames);
  bool find_caller(const ThreadState& state, std::vector<Frame>& frames);

  Dwfl* dwfl_;
  std::uint64_t generated_stack_ = 0;  // of the last walk
  std::vector<Frame> outer_;
  std::unordered_set<std::uint64_t> beginnings_;  // addresses at which unwinding ended well
  bool stale_ = false;                            // code was found that no module holds
  std::unordered_set<std::uint64_t> generated_;   // pages of such code, looked for already
};

}  // namespace gnomon::trace::detail
