#include "exec/cpu/generated_code.h"

#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>
#include <unistd.h>

namespace gnomon::exec {

GeneratedCodeList::GeneratedCodeList() : file_(fmt::format("/tmp/perf-{}.map", ::getpid())) {
  dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_VTUNE | DNNL_JIT_PROFILE_LINUX_PERFMAP);
}

GeneratedCodeList::~GeneratedCodeList() {
  dnnl_set_jit_profiling_flags(DNNL_JIT_PROFILE_VTUNE);
  std::error_code absent;
  std::filesystem::remove(file_, absent);
}

}  // namespace gnomon::exec
