// Any bytes are an image or refused with InputError.

#include "data/image.h"

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    gnomon::data::decode_image({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
