// Any bytes: parse_idx returns a tensor or throws InputError.

#include "data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  try {
    gnomon::data::parse_idx({reinterpret_cast<const char*>(bytes), size}, "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
