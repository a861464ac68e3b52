// Any bytes either parse or are refused with InputError; what parses is written and read back
// equal.

#include "data/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto tensor =
        gnomon::data::parse_npy({reinterpret_cast<const char*>(data), size}, "fuzz");
    const auto written = gnomon::data::npy_bytes(tensor, "written");
    if (gnomon::data::parse_npy(written, "written") != tensor) __builtin_trap();
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
