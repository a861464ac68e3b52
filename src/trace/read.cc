#include "trace/read.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "trace/readers.h"

namespace gnomon::trace {

Trace read_trace(std::istream& in, const std::string& origin, CutOff cut_off) {
  const int first = in.peek();
  if (first == std::istream::traits_type::eof())
    throw InputError("{}: is empty or cannot be read; wanted a trace", origin);
  if (first == 0x1f) throw InputError("{}: is compressed; unpack it first (gzip -d)", origin);
  constexpr std::string_view json = "{[ \t\r\xef";
  if (json.find(static_cast<char>(first)) != json.npos) return read_chrome(in, origin, cut_off);
  if (first != '\n')
    throw InputError("{}: offset 0: neither JSON nor a Perfetto trace; record one with --trace",
                     origin);
  return read_perfetto(in, origin, cut_off);  // whose packets begin with the byte 10
}

Trace read_trace(const std::filesystem::path& file, CutOff cut_off) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw InputError("{}: is a directory; wanted a trace", file.string());
  std::ifstream in(file, std::ios::binary);
  if (!in) throw InputError("{}: cannot be read: {}", file.string(), std::strerror(errno));
  return read_trace(in, file.string(), cut_off);
}

}  // namespace gnomon::trace
