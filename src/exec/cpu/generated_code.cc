#include "exec/cpu/generated_code.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

namespace gnomon::exec {
namespace {

std::mutex mutex;
std::ofstream own;  // open while a list lives

}  // namespace

GeneratedCodeList::GeneratedCodeList()
    : files_{fmt::format("/tmp/perf-{}.map", ::getpid()),
             fmt::format("/tmp/perf-{}-gnomon.map", ::getpid())} {
  dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_VTUNE | DNNL_JIT_PROFILE_LINUX_PERFMAP);
  const std::lock_guard lock(mutex);
  own.open(files_[1]);
}

GeneratedCodeList::~GeneratedCodeList() {
  dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_VTUNE);
  const std::lock_guard lock(mutex);
  own.close();
  for (const auto& file : files_) {
    std::error_code absent;
    std::filesystem::remove(file, absent);
  }
}

void list_generated(const void* code, std::size_t bytes, std::string_view name) {
  const std::lock_guard lock(mutex);
  if (own.is_open())
    own << fmt::format("{:x} {:x} {}\n", reinterpret_cast<std::uintptr_t>(code), bytes, name)
        << std::flush;
}

}  // namespace gnomon::exec
