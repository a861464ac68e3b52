// Any safetensors bytes are a trained model, whose program is built and given its states, or
// refused with InputError.

#include "train/model_file.h"

#include "base/error.h"
#include "data/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto file = gnomon::train::model_of(
        gnomon::data::parse_safetensors({reinterpret_cast<const char*>(data), size}, "fuzz"),
        "fuzz");
    gnomon::train::restore(file, file.build(1).inference);
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
