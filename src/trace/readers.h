#pragma once

// The reader of each format; read.h chooses. `origin` is what errors call the stream.

#include <iosfwd>
#include <string>

#include "trace/read.h"

namespace gnomon::trace {

Trace read_chrome(std::istream& in, const std::string& origin, CutOff cut_off);
Trace read_perfetto(std::istream& in, const std::string& origin, CutOff cut_off);

}  // namespace gnomon::trace
