#include "trace/write.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "trace/chrome.h"
#include "trace/perfetto.h"

namespace gnomon::trace {

bool is_chrome_name(const std::filesystem::path& file) { return file.extension() == ".json"; }

void write_trace(const Trace& trace, const std::filesystem::path& file) {
  const std::filesystem::path partial = file.string() + ".partial";
  std::ofstream out(partial, std::ios::binary);
  if (out) is_chrome_name(file) ? write_chrome(trace, out) : write_perfetto(trace, out);
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(partial, file, error);
  if (out && !error) return;
  const std::string cause = error ? error.message() : std::strerror(errno);
  std::filesystem::remove(partial, error);
  throw EnvironmentError("{}: the trace cannot be written: {}", file.string(), cause);
}

}  // namespace gnomon::trace
