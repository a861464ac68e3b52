// Any text is a file of the corpus or refused with InputError.

#include "data/brown.h"

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    gnomon::data::parse_brown({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
