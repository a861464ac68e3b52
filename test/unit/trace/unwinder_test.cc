#include "trace/unwinder.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <thread>

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

// While memory is mapped, /proc/self/maps may be read with lines missing.
TEST(Unwinder, LooksForLibrariesWhileAThreadMapsMemory) {
  Unwinder unwinder;
  std::atomic<bool> stop = false;
  std::thread mapper([&] {
    constexpr std::size_t page = 4096;
    constexpr int most = 64;
    std::array<void*, most> pages;
    while (!stop) {
      for (int i = 0; i < most; ++i)
        pages[i] = ::mmap(nullptr, page, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                          -1, 0);
      for (void* const at : pages) ::munmap(at, page);
    }
  });
  std::vector<Unwinder::Frame> frames;
  unwinder.unwind(state_at(reinterpret_cast<std::uint64_t>(&state_at)), frames);
  Dwfl_Module* const program = frames.at(0).module;
  for (std::uint64_t page = 1; page <= 200; ++page)
    unwinder.unwind(state_at(page << 12), frames);  // nothing is there, so it looks once more
  unwinder.unwind(state_at(reinterpret_cast<std::uint64_t>(&state_at)), frames);
  stop = true;
  mapper.join();
  EXPECT_EQ(frames.at(0).module, program);
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
