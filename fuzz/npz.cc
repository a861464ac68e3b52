// Any bytes either parse or are refused with InputError.

#include "data/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    gnomon::data::parse_npz({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
