#include "trace/sample_buffer.h"

#include <fmt/format.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/error.h"

namespace gnomon::trace::detail {
namespace {

constexpr std::size_t page_size = 4096;
// As much as an unprivileged user may have by default (kernel.perf_event_mlock_kb), about 20
// samples.
constexpr std::size_t data_size = 128 * page_size;
constexpr std::uint32_t copied_stack = 24576;

// The registers in the kernel's order (asm/perf_regs.h): ax bx cx dx si di bp sp ip, r8 … r15. The
// place of each in the DWARF mapping:
constexpr std::uint64_t asked_registers = 0x1ff | 0xff0000;
constexpr std::array<std::size_t, 17> dwarf_number = {0, 3, 2,  1,  4,  5,  6,  7, 16,
                                                      8, 9, 10, 11, 12, 13, 14, 15};

perf_event_attr attributes(Seconds period) {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_TASK_CLOCK;
  attr.sample_period = static_cast<std::uint64_t>(std::llround(period.value * 1e9));
  attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
  attr.sample_regs_user = asked_registers;
  attr.sample_stack_user = copied_stack;
  attr.inherit = 1;
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  attr.watermark = 1;
  attr.wakeup_watermark = data_size / 2;
  return attr;
}

std::string paranoia() {
  std::ifstream in("/proc/sys/kernel/perf_event_paranoid");
  std::string level;
  in >> level;
  return level;
}

// perf_event_open(2) lists the errors; the level is Debian's and Android's 3 for "nobody but root".
[[noreturn]] void refuse(int error) {
  const std::string cause = fmt::format(
      "perf_event_open: the kernel refuses to sample this process: {}", std::strerror(error));
  const std::string level = paranoia();
  const bool denied = error == EPERM || error == EACCES;
  if (denied && std::atoi(level.c_str()) > 2)
    throw EnvironmentError(
        "{} (kernel.perf_event_paranoid is {}); allow it with: sysctl kernel.perf_event_paranoid=2",
        cause, level);
  if (denied)
    throw EnvironmentError(
        "{}; if this is a container, allow it with: docker run --cap-add PERFMON", cause);
  if (error == EMFILE)
    throw EnvironmentError("{}; it takes a file for each processor: raise ulimit -n", cause);
  throw EnvironmentError("{}; sample on another machine, or trace instead, which needs no kernel",
                         cause);
}

}  // namespace

SampleBuffer::SampleBuffer(int processor, Seconds period) : record_((1 << 16) / 8) {
  perf_event_attr attr = attributes(period);
  descriptor_ = static_cast<int>(
      ::syscall(SYS_perf_event_open, &attr, 0, processor, -1, PERF_FLAG_FD_CLOEXEC));
  if (descriptor_ < 0) refuse(errno);
  memory_ =
      ::mmap(nullptr, page_size + data_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory_ != MAP_FAILED) return;
  const int error = errno;
  ::close(descriptor_);
  throw EnvironmentError(
      "perf_event_open: the kernel grants no {} KiB a processor for samples: {}; allow it with: "
      "sysctl kernel.perf_event_mlock_kb={}",
      (page_size + data_size) / 1024, std::strerror(error), (page_size + data_size) / 1024);
}

SampleBuffer::SampleBuffer(SampleBuffer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      record_(std::move(other.record_)) {}

SampleBuffer::~SampleBuffer() {
  if (descriptor_ < 0) return;
  ::munmap(memory_, page_size + data_size);
  ::close(descriptor_);
}

void SampleBuffer::disable() { ::ioctl(descriptor_, PERF_EVENT_IOC_DISABLE, 0); }

// A record may lie across the buffer's end.
void* SampleBuffer::copy(std::uint64_t position, std::size_t size) {
  const auto* data = static_cast<const std::byte*>(memory_) + page_size;
  const std::size_t begin = position % data_size;
  const std::size_t first = std::min(size, data_size - begin);
  auto* to = reinterpret_cast<std::byte*>(record_.data());
  std::memcpy(to, data + begin, first);
  std::memcpy(to + first, data, size - first);
  return to;
}

std::int64_t SampleBuffer::drain(const Take& take) {
  auto* control = static_cast<perf_event_mmap_page*>(memory_);
  const std::uint64_t end = std::atomic_ref(control->data_head).load(std::memory_order_acquire);
  std::uint64_t at = control->data_tail;
  std::int64_t lost = 0;
  while (at < end) {
    const auto header = *static_cast<perf_event_header*>(copy(at, sizeof(perf_event_header)));
    copy(at, header.size);
    at += header.size;
    const std::uint64_t* word = record_.data() + 1;  // behind the header
    if (header.type == PERF_RECORD_LOST) lost += static_cast<std::int64_t>(word[1]);
    if (header.type != PERF_RECORD_SAMPLE) continue;
    const std::uint64_t ids = *word++;
    if (*word++ != PERF_SAMPLE_REGS_ABI_64) continue;
    ThreadState state;
    for (const std::size_t number : dwarf_number) state.registers[number] = *word++;
    // The size of the copy, the copy, and how much of it the stack filled.
    const std::uint64_t size = *word++;
    if (size > 0) state.stack = {reinterpret_cast<const std::byte*>(word), word[size / 8]};
    take(static_cast<pid_t>(ids), static_cast<pid_t>(ids >> 32), state);
  }
  std::atomic_ref(control->data_tail).store(at, std::memory_order_release);
  return lost;
}

std::vector<int> usable_processors() {
  // Masks are as wide as the kernel was built for.
  for (int most = 1024; most <= 1 << 16; most *= 2) {
    cpu_set_t* set = CPU_ALLOC(most);
    const std::size_t size = CPU_ALLOC_SIZE(most);
    std::vector<int> processors;
    const bool fits = ::sched_getaffinity(0, size, set) == 0;
    for (int i = 0; fits && i < most; ++i)
      if (CPU_ISSET_S(i, size, set)) processors.push_back(i);
    CPU_FREE(set);
    if (fits) return processors;
  }
  throw EnvironmentError("sched_getaffinity: the processors of this process cannot be told: {}",
                         std::strerror(errno));
}

}  // namespace gnomon::trace::detail
