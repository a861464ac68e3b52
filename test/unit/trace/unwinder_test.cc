#include "trace/unwinder.h"

#include <gtest/gtest.h>

namespace gnomon::trace::detail {
namespace {

ThreadState state_at(std::uint64_t address) {
  ThreadState state;
  state.registers.back() = address;
  return state;
}

TEST(Unwinder, AStackThatWasNotCopiedHasOneFrame) {
  Unwinder unwinder;
  std::vector<Unwinder::Frame> frames;
  const auto address = reinterpret_cast<std::uint64_t>(&state_at);
  EXPECT_FALSE(unwinder.unwind(state_at(address), frames));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].address, address);
  EXPECT_NE(frames[0].module, nullptr);
}

TEST(Unwinder, AnAddressThatNothingHoldsHasNoModule) {
  Unwinder unwinder;
  std::vector<Unwinder::Frame> frames;
  // The second time it has looked for new libraries in vain.
  for (int i = 0; i < 3; ++i)
    for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{4096}, ~std::uint64_t{0}}) {
      EXPECT_FALSE(unwinder.unwind(state_at(address), frames));
      ASSERT_EQ(frames.size(), 1u);
      EXPECT_EQ(frames[0].module, nullptr);
    }
}

// Words that look like callers and are none: every one is the address of a function's beginning.
TEST(Unwinder, WordsThatAreNoCallersLeadNowhere) {
  Unwinder unwinder;
  std::vector<Unwinder::Frame> frames;
  const std::vector<std::uint64_t> words(1024, reinterpret_cast<std::uint64_t>(&state_at));
  ThreadState state = state_at(4096);
  state.registers[7] = 0x7fff0000;
  state.stack = std::as_bytes(std::span(words));
  EXPECT_FALSE(unwinder.unwind(state, frames));
  EXPECT_EQ(frames.size(), 1u);
}

}  // namespace
}  // namespace gnomon::trace::detail
