// Preloaded into a program, makes some of its writes to files fall short and some fail as on a full
// disk: FAULTY_WRITE="SHORT FULL SEED", the first two in writes out of 1000.

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

struct Faults {
  unsigned short_writes = 0, full = 0;
  std::uint64_t seed = 0;

  Faults() {
    if (const char* text = std::getenv("FAULTY_WRITE"))
      static_cast<void>(std::sscanf(text, "%u %u %lu", &short_writes, &full, &seed));
  }
};

std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

bool is_file(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

extern "C" ssize_t write(int descriptor, const void* bytes, size_t count) {
  using Write = ssize_t (*)(int, const void*, size_t);
  static const auto real = reinterpret_cast<Write>(::dlsym(RTLD_NEXT, "write"));
  static const Faults faults;
  static std::atomic<std::uint64_t> calls{0};
  if (count < 2 || !is_file(descriptor)) return real(descriptor, bytes, count);
  const std::uint64_t draw = scramble(faults.seed * 0x9e3779b97f4a7c15U + ++calls);
  if (draw % 1000 < faults.full) {
    errno = ENOSPC;
    return -1;
  }
  if (draw % 1000 < faults.full + faults.short_writes)
    count = 1 + static_cast<size_t>(draw / 1000) % (count - 1);
  return real(descriptor, bytes, count);
}
