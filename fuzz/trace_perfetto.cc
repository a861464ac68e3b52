// Any bytes as a trace in Perfetto's format.

#include "trace/perfetto.h"

#include "trace_round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  return gnomon::trace::round_trip(data, size, gnomon::trace::read_perfetto,
                                   gnomon::trace::write_perfetto);
}
