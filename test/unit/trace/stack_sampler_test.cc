#include "trace/stack_sampler.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "base/error.h"
#include "trace/folded.h"
#include "unit/error_of.h"

// Recognisable names, which no compiler takes apart. What they compute must be used, and calls must
// not be the last thing that their callers do.
#define PLAINLY_NAMED extern "C" __attribute__((noinline))

PLAINLY_NAMED std::uint64_t gnomon_test_burn(std::uint64_t seed) {
  for (int i = 0; i < 100'000; ++i) seed = seed * 6364136223846793005u + (seed >> 33);
  return seed;
}

PLAINLY_NAMED std::uint64_t gnomon_test_burn_until(const gnomon::trace::StackSampler* sampler,
                                                   std::int64_t samples) {
  std::uint64_t sum = 1;
  while (sampler->samples() < samples) sum += gnomon_test_burn(sum);
  return sum;
}

PLAINLY_NAMED int gnomon_test_call(void (*count_down)(std::uint64_t)) {
  count_down(1'000'000);
  return 1;
}

namespace gnomon::trace {
namespace {

SamplerOptions quick() { return {.period = Seconds(1e-3), .generated_maps = {}}; }

// Null, with the reason in `refused`, where the kernel does not let us.
std::unique_ptr<StackSampler> make_sampler(std::string& refused, const SamplerOptions& options) {
  try {
    return std::make_unique<StackSampler>(options);
  } catch (const EnvironmentError& error) {
    refused = error.what();
    return nullptr;
  }
}

// Samples by the names on the stack, innermost last, for the stacks that hold a function.
std::map<std::string, std::int64_t> samples_by_thread(const Stacks& stacks,
                                                      const std::string& wanted) {
  std::map<std::string, std::int64_t> found;
  for (std::uint32_t i = 1; i < stacks.calls.size(); ++i) {
    bool holds = false;
    std::uint32_t at = i;
    for (; stacks.calls[at].parent != 0; at = stacks.calls[at].parent)
      holds = holds || stacks.functions[stacks.calls[at].function] == wanted;
    if (holds && stacks.calls[i].samples > 0)
      found[stacks.functions[stacks.calls[at].function]] += stacks.calls[i].samples;
  }
  return found;
}

// Nearly every stack is whole; a sanitizer's large frames may reach beyond the copy of one.
void expect_whole(const Stacks& stacks) {
  std::int64_t cut = 0;
  for (const auto& [thread, samples] : samples_by_thread(stacks, std::string(callers_unknown)))
    cut += samples;
  EXPECT_LE(cut, stacks.samples() / 20) << to_folded(stacks);
}

TEST(StackSampler, FindsWhatTwoThreadsDoAndWhoCalledIt) {
  std::string refused;
  const auto sampler = make_sampler(refused, quick());
  if (!sampler) GTEST_SKIP() << refused;
  constexpr std::int64_t enough = 400;
  std::thread other([&] { gnomon_test_burn_until(sampler.get(), enough); });
  gnomon_test_burn_until(sampler.get(), enough);
  other.join();
  const Stacks stacks = sampler->stop();
  EXPECT_GE(stacks.samples(), enough);
  EXPECT_EQ(stacks.period, Seconds(1e-3));

  const auto burning = samples_by_thread(stacks, "gnomon_test_burn");
  std::int64_t sum = 0;
  for (const auto& [thread, samples] : burning) sum += samples;
  EXPECT_GE(sum, stacks.samples() * 8 / 10) << to_folded(stacks);
  EXPECT_TRUE(burning.contains("main")) << to_folded(stacks);
  EXPECT_TRUE(burning.contains("thread 2")) << to_folded(stacks);

  for (const auto& call : stacks.calls) {
    if (stacks.functions[call.function] != "gnomon_test_burn") continue;
    const auto& caller = stacks.calls[call.parent];
    EXPECT_EQ(stacks.functions[caller.function], "gnomon_test_burn_until");
  }
  expect_whole(stacks);
}

TEST(StackSampler, LeavesItsOwnThreadOut) {
  std::string refused;
  const auto sampler = make_sampler(refused, quick());
  if (!sampler) GTEST_SKIP() << refused;
  gnomon_test_burn_until(sampler.get(), 200);
  const std::string text = to_folded(sampler->stop());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("main;")) {
      EXPECT_EQ(line.find("StackSampler"), std::string::npos) << line;
    }
}

TEST(StackSampler, HoldsNoMoreCallsThanItMay) {
  SamplerOptions options = quick();
  options.most_calls = 1;
  std::string refused;
  const auto sampler = make_sampler(refused, options);
  if (!sampler) GTEST_SKIP() << refused;
  gnomon_test_burn_until(sampler.get(), 50);
  const Stacks stacks = sampler->stop();
  EXPECT_LE(stacks.calls.size(), 4u);
  EXPECT_GE(samples_by_thread(stacks,
                              std::string(StackCounter::beyond))[std::string(StackCounter::beyond)],
            50);
}

// Machine code: decrements rdi until it is 0. It lies where no library is, and has no tables.
TEST(StackSampler, GeneratedCodeHasTheNameThatItsMapTellsAndItsCaller) {
  const unsigned char code[] = {0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3};
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  std::memcpy(page, code, sizeof code);
  ASSERT_EQ(::mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
  const auto map =
      std::filesystem::temp_directory_path() / fmt::format("gnomon-generated-{}.map", ::getpid());
  SamplerOptions options = quick();
  options.generated_maps = {map};
  {
    std::string refused;
    const auto sampler = make_sampler(refused, options);
    if (!sampler) GTEST_SKIP() << refused;
    std::ofstream(map) << fmt::format("{:x} {:x} stale\n{:x} {:x} count down\n",
                                      reinterpret_cast<std::uintptr_t>(page), sizeof code,
                                      reinterpret_cast<std::uintptr_t>(page), sizeof code);
    const auto run = reinterpret_cast<void (*)(std::uint64_t)>(page);
    gnomon_test_burn_until(sampler.get(), 20);  // shows where this thread begins
    while (sampler->samples() < 200) gnomon_test_call(run);
    const Stacks stacks = sampler->stop();
    const std::string text = to_folded(stacks);
    EXPECT_NE(text.find(";gnomon_test_call;count down [generated code] "), std::string::npos)
        << text;
    expect_whole(stacks);
    EXPECT_EQ(text.find("stale"), std::string::npos) << text;
  }
  std::filesystem::remove(map);
  ::munmap(page, 4096);
}

TEST(StackSampler, AnImpossiblePeriodIsRefused) {
  const auto error = [](double period) {
    return test::error_of([&] { StackSampler({.period = Seconds(period), .generated_maps = {}}); });
  };
  EXPECT_EQ(error(0), "a period of 0 s between samples: must be between 100 µs and 1 s");
  EXPECT_NE(error(2), "accepted");
}

// Forbids perf_event_open to this process, as the filter of a container does.
void forbid_perf_events() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = std::size(code), .filter = code};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    throw std::runtime_error(std::strerror(errno));
}

TEST(StackSampler, WhatTheKernelRefusesIsToldWithTheRemedy) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string message = "no error";
    try {
      forbid_perf_events();
      const StackSampler sampler;
    } catch (const EnvironmentError& error) {
      message = error.what();
    } catch (const std::exception& error) {
      message = fmt::format("no filter: {}", error.what());
    }
    const auto written = ::write(ends[1], message.data(), message.size());
    ::_exit(written == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string message(1000, '\0');
  message.resize(static_cast<std::size_t>(::read(ends[0], message.data(), message.size())));
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (message.starts_with("no filter")) GTEST_SKIP() << message;
  EXPECT_TRUE(
      message.starts_with("perf_event_open: the kernel refuses to sample this process: "
                          "Operation not permitted"))
      << message;
  EXPECT_NE(message.find("allow it with: "), std::string::npos) << message;
}

}  // namespace
}  // namespace gnomon::trace
